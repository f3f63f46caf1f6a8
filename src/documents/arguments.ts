import type { FieldNode, OperationDefinitionNode, ValueNode } from 'graphql'
import { Kind, valueFromASTUntyped, visit } from 'graphql'

/** Values of variables as they were sent: what JSON can hold. */
export type Variables = Readonly<Record<string, unknown>>

/** The arguments of an operation's fields, with the values of variables, or their defaults. */
export interface Arguments {
  /** Undefined if the argument is not given. */
  value(field: FieldNode, name: string): unknown
  /** As `value`, of which only is asked which of its parts are null. */
  outline(field: FieldNode, name: string): unknown
  /** How often the arguments of the field have `characters`, approximately. */
  timesAsLong(field: FieldNode, characters: number): number
  /** What was read until now. */
  readonly reads: Reads
}

/** What of the variables was read, so that something made of it can be used again for others. */
export interface Reads {
  /** By variable, what was read of its value. */
  readonly variables: ReadonlyMap<string, Reading>
  /** No length matters while the variables have fewer characters in all. */
  readonly shorterThan: number
}

/** Returns equal results for values that make no difference. */
export type Reading = (value: unknown) => unknown

const wholeOf: Reading = (value) => value

const outlineOf: Reading = (value) => {
  if (typeof value !== 'object') return value !== undefined
  return JSON.stringify(value, (_, part) => (typeof part === 'object' ? part : true))
}

export function createArguments(operation: OperationDefinitionNode, given: Variables): Arguments {
  const defaults = defaultsOf(operation)
  const variables = { ...defaults, ...given }
  const variablesRead = new Map<string, Reading>()
  const lengths = new Map<string, number>()
  let shorterThan = Number.POSITIVE_INFINITY

  const ofVariable = (name: string): number => {
    const length = lengths.get(name) ?? lengthOf(variables[name])
    lengths.set(name, length)
    return length
  }
  const read = (field: FieldNode, name: string, reading: Reading) => {
    const value = field.arguments?.find((one) => one.name.value === name)?.value
    if (value === undefined) return undefined
    for (const variable of variablesIn(value))
      if (variablesRead.get(variable) !== wholeOf) variablesRead.set(variable, reading)
    return valueFromASTUntyped(value, variables)
  }

  return {
    value: (field, name) => read(field, name, wholeOf),
    outline: (field, name) => read(field, name, outlineOf),
    timesAsLong({ arguments: all = [] }, characters) {
      const literal = all.reduce((sum, { value }) => sum + lengthOfLiteral(value), 0)
      const used = all.flatMap(({ value }) => variablesIn(value))
      if (used.length > 0) shorterThan = Math.min(shorterThan, (characters - (literal % characters)) / used.length)
      return Math.floor(used.reduce((sum, name) => sum + ofVariable(name), literal) / characters)
    },
    get reads() {
      return { variables: variablesRead, shorterThan: shorterThan - lengthOf(defaults) - 1 }
    },
  }
}

/** Without those of variables. */
function lengthOfLiteral(value: ValueNode): number {
  switch (value.kind) {
    case Kind.VARIABLE:
      return 0
    case Kind.LIST:
      return value.values.reduce((sum, one) => sum + 1 + lengthOfLiteral(one), 0)
    case Kind.OBJECT:
      return value.fields.reduce((sum, one) => sum + one.name.value.length + lengthOfLiteral(one.value), 0)
    case Kind.NULL:
    case Kind.BOOLEAN:
      return 1
    default:
      return value.value.length
  }
}

/** Approximate number of characters of a value as JSON. */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + 1 + lengthOf(one), 0)
  if (typeof value !== 'object' || value === null) return 1
  return Object.entries(value).reduce((sum, [name, one]) => sum + name.length + lengthOf(one), 0)
}

/** Remembered, because documents are priced often. */
const namesIn = new WeakMap<ValueNode, readonly string[]>()

/** Names of the variables in a value, each as often as it is used. */
export function variablesIn(value: ValueNode): readonly string[] {
  const known = namesIn.get(value)
  if (known !== undefined) return known
  const names: string[] = []
  visit(value, {
    [Kind.VARIABLE]({ name }: { name: { value: string } }) {
      names.push(name.value)
    },
  })
  namesIn.set(value, names)
  return names
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  )
}
