import type { FieldNode, OperationDefinitionNode, ValueNode } from 'graphql'
import { Kind, valueFromASTUntyped, visit } from 'graphql'

export type Variables = Readonly<Record<string, unknown>>

/** The arguments of an operation's fields, with the values of variables, or their defaults. */
export interface Arguments {
  /** Undefined if the argument is not given. */
  value(field: FieldNode, name: string): unknown
  /** Approximate number of characters in all arguments of the field. */
  length(field: FieldNode): number
  /** Whether `value` has read a variable. */
  readonly byVariable: boolean
}

export function createArguments(operation: OperationDefinitionNode, given: Variables): Arguments {
  const variables = { ...defaultsOf(operation), ...given }
  const lengths = new Map<string, number>()
  let byVariable = false

  const ofVariable = (name: string): number => {
    const length = lengths.get(name) ?? lengthOf(variables[name])
    lengths.set(name, length)
    return length
  }

  const ofLiteral = (value: ValueNode): number => {
    switch (value.kind) {
      case Kind.VARIABLE:
        return ofVariable(value.name.value)
      case Kind.LIST:
        return value.values.reduce((sum, one) => sum + 1 + ofLiteral(one), 0)
      case Kind.OBJECT:
        return value.fields.reduce((sum, one) => sum + one.name.value.length + ofLiteral(one.value), 0)
      case Kind.NULL:
      case Kind.BOOLEAN:
        return 1
      default:
        return value.value.length
    }
  }

  return {
    value(field, name) {
      const value = field.arguments?.find((one) => one.name.value === name)?.value
      if (value === undefined) return undefined
      byVariable ||= hasVariable(value)
      return valueFromASTUntyped(value, variables)
    },
    length: ({ arguments: all = [] }) => all.reduce((sum, { value }) => sum + ofLiteral(value), 0),
    get byVariable() {
      return byVariable
    },
  }
}

/** Approximate number of characters of a value as JSON. */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + 1 + lengthOf(one), 0)
  if (typeof value !== 'object' || value === null) return 1
  return Object.entries(value).reduce((sum, [name, one]) => sum + name.length + lengthOf(one), 0)
}

/** Values whose variables were looked for, because documents are priced often. */
const withVariable = new WeakMap<ValueNode, boolean>()

function hasVariable(value: ValueNode): boolean {
  let found = withVariable.get(value)
  if (found !== undefined) return found
  found = false
  visit(value, {
    [Kind.VARIABLE]() {
      found = true
    },
  })
  withVariable.set(value, found)
  return found
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  )
}
