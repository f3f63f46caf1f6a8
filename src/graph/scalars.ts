import { Kind } from 'graphql'
import { BadInput } from '../loaders/bad-input.ts'
import { builder } from './builder.ts'
import { formatInstant, parseInstant } from './date-time.ts'

builder.scalarType('DateTime', {
  description:
    "An instant after RFC 3339, given in UTC with the database's microseconds, e.g. 2026-11-22T06:24:17.701827Z. " +
    "PostgreSQL's infinity and years after 9999 are given as 9999-12-31T23:59:59.999999Z, -infinity and years before 1 as " +
    '0001-01-01T00:00:00.000000Z. As an argument it may have any offset.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: (text) => formatInstant(String(text)),
  parseValue: parse,
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
})

function parse(value: unknown): string {
  if (typeof value !== 'string') throw new BadInput('A DateTime is a string such as "2026-11-22T06:24:17.701827Z".')
  return parseInstant(value)
}
