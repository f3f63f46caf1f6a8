/** Values of fields that have no fields of their own, as JSON. */
import type { GraphQLEnumType, GraphQLLeafType } from 'graphql'
import { GraphQLID, GraphQLString, isEnumType } from 'graphql'
import { toJson } from '../../loaders/to-json.ts'
import type { Usage } from '../../loaders/usage.ts'
import type { Output } from './output.ts'

/**
 * Prints a value that is not null as JSON.
 *
 * @throws Unprintable if the value has no place in its type, Excess if the answer exceeds its limit
 */
export type Print = (value: unknown, usage: Usage, output: Output) => void

/** A value that is an error of its field. graphql-js reports it, so the operation has to be executed without printing. */
export class Unprintable extends Error {}

/** Prints values that were counted when they were resolved. */
export function leafPrinter(type: GraphQLLeafType): Print {
  if (isEnumType(type)) return enumPrinter(type)
  return (value, _, output) =>
    output.text(typeof value === 'string' && isText(type) ? toJson(value) : jsonOf(type.serialize(value)))
}

/** Prints the same text for all values. */
export function fixedPrinter(text: string): Print {
  const json = Buffer.from(JSON.stringify(text))
  return (_, __, output) => output.bytes(json)
}

/** Prints values of rows, which nothing has counted before. */
export function countingPrinter(type: GraphQLLeafType): Print {
  return isText(type) ? printText : leafPrinter(type)
}

function isText(type: GraphQLLeafType): boolean {
  return type === GraphQLString || type === GraphQLID
}

/** Strings are counted, as `meter` does where graphql-js executes. */
const printText: Print = (value, usage, output) => {
  if (typeof value !== 'string') throw new Unprintable('A text is none.')
  output.text(usage.answer(value))
}

function enumPrinter(type: GraphQLEnumType): Print {
  const names = new Map(type.getValues().map(({ name, value }) => [value as unknown, Buffer.from(`"${name}"`)]))
  return (value, _, output) => {
    const name = names.get(value)
    if (name === undefined) throw new Unprintable('A value is none of its enum.')
    output.bytes(name)
  }
}

function jsonOf(value: unknown): string {
  if (value == null) throw new Unprintable('A value has no form in its type.')
  return typeof value === 'string' ? toJson(value) : JSON.stringify(value)
}
