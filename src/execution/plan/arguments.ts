import type { FieldNode, GraphQLField } from 'graphql'
import { getArgumentValues } from 'graphql'
import { variablesIn } from '../../documents/arguments.ts'

/**
 * The arguments of a field.
 *
 * @throws GraphQLError if a value has no place in an argument
 */
export type ArgumentsOf = (variables: Readonly<Record<string, unknown>>) => Arguments

type Arguments = Readonly<Record<string, unknown>>

/** Those without variables are the same for all operations. */
export function argumentsOf(field: GraphQLField<unknown, never>, node: FieldNode | undefined): ArgumentsOf {
  if (node === undefined || field.args.length === 0) return () => none
  if (namesVariable(node)) return (variables) => getArgumentValues(field as never, node, variables)
  let fixed: Arguments | undefined
  return () => {
    fixed ??= getArgumentValues(field as never, node)
    return fixed
  }
}

const none: Arguments = {}

function namesVariable({ arguments: given = [] }: FieldNode): boolean {
  return given.some(({ value }) => variablesIn(value).length > 0)
}
