import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { Kind } from 'graphql'

/** What selections refer to. */
export interface Definitions {
  readonly schema: GraphQLSchema
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
}

/** Fields by their names in the answer, in its order. */
export type Selected = Map<string, FieldNode[]>

/** The fields of an object, collected as graphql-js does; undefined if they depend on variables. */
export function selectedFields(
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  definitions: Definitions,
): Selected | undefined {
  const collecting: Collecting = { definitions, seen: new Set(), selected: new Map() }
  return selections.every((one) => collect(type, one, collecting)) ? collecting.selected : undefined
}

interface Collecting {
  readonly definitions: Definitions
  /** Names of fragments: further spreads of one add nothing. */
  readonly seen: Set<string>
  readonly selected: Selected
}

/** @returns whether it can be done before the variables are known */
function collect(type: GraphQLObjectType, { selections }: SelectionSetNode, collecting: Collecting): boolean {
  return selections.every((selection) => {
    if ((selection.directives ?? []).length > 0) return false
    if (selection.kind !== Kind.FIELD) return collectFragment(type, selection, collecting)
    const key = (selection.alias ?? selection.name).value
    const before = collecting.selected.get(key)
    if (before === undefined) collecting.selected.set(key, [selection])
    else before.push(selection)
    return true
  })
}

function collectFragment(
  type: GraphQLObjectType,
  selection: Exclude<SelectionNode, FieldNode>,
  collecting: Collecting,
): boolean {
  if (selection.kind === Kind.INLINE_FRAGMENT) {
    const applies = appliesTo(type, selection.typeCondition?.name.value)
    return !applies || collect(type, selection.selectionSet, collecting)
  }
  const { value: name } = selection.name
  if (collecting.seen.has(name)) return true
  collecting.seen.add(name)
  const fragment = collecting.definitions.fragments[name]
  if (fragment === undefined) return false
  return !appliesTo(type, fragment.typeCondition.name.value) || collect(type, fragment.selectionSet, collecting)
}

/** There are no unions. */
function appliesTo(type: GraphQLObjectType, condition: string = type.name): boolean {
  return condition === type.name || type.getInterfaces().some(({ name }) => name === condition)
}
