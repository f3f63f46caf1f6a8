import { Kind } from 'graphql'
import { BadInput } from '../loaders/bad-input.ts'
import { builder } from './builder.ts'
import { formatInstant, parseInstant } from './date-time.ts'

builder.scalarType('DateTime', {
  description:
    'A date and time as defined by RFC 3339. Returned in UTC with microseconds, e.g. 2026-11-22T06:24:17.701827Z; arguments may ' +
    'have any offset. Infinity and years after 9999 are returned as 9999-12-31T23:59:59.999999Z, -infinity and years before 1 ' +
    'as 0001-01-01T00:00:00.000000Z.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: (text) => formatInstant(String(text)),
  parseValue: parse,
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
})

function parse(value: unknown): string {
  if (typeof value !== 'string') throw new BadInput('A DateTime must be a string, e.g. "2026-11-22T06:24:17.701827Z".')
  return parseInstant(value)
}
