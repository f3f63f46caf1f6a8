import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { GraphQLIncludeDirective, GraphQLSkipDirective, getDirectiveValues, isAbstractType, Kind } from 'graphql'

/** What selections refer to. */
export interface Definitions {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** Values of variables, of which those count that @skip and @include name. */
  readonly variables: Readonly<Record<string, unknown>>
}

/** Fields by their names in the answer, in its order. */
export type Selected = ReadonlyMap<string, readonly FieldNode[]>

/** The fields of an object, collected as graphql-js does. */
export function selectedFields(
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  definitions: Definitions,
): Selected {
  const collecting: Collecting = { ...definitions, seen: new Set(), selected: new Map() }
  for (const one of selections) collect(type, one, collecting)
  return collecting.selected
}

interface Collecting extends Definitions {
  /** Names of fragments: further spreads of one add nothing. */
  readonly seen: Set<string>
  readonly selected: Map<string, FieldNode[]>
}

function collect(type: GraphQLObjectType, { selections }: SelectionSetNode, collecting: Collecting): void {
  for (const selection of selections) {
    if (!isIncluded(selection, collecting)) continue
    if (selection.kind !== Kind.FIELD) {
      collectFragment(type, selection, collecting)
      continue
    }
    const key = (selection.alias ?? selection.name).value
    const before = collecting.selected.get(key)
    if (before === undefined) collecting.selected.set(key, [selection])
    else before.push(selection)
  }
}

function isIncluded(selection: SelectionNode, { variables }: Definitions): boolean {
  if (selection.directives === undefined || selection.directives.length === 0) return true
  if (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.['if'] === true) return false
  return getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.['if'] !== false
}

function collectFragment(
  type: GraphQLObjectType,
  selection: Exclude<SelectionNode, FieldNode>,
  collecting: Collecting,
): void {
  if (selection.kind === Kind.INLINE_FRAGMENT) {
    if (appliesTo(type, selection.typeCondition?.name.value, collecting))
      collect(type, selection.selectionSet, collecting)
    return
  }
  const { value: name } = selection.name
  if (collecting.seen.has(name)) return
  collecting.seen.add(name)
  const fragment = collecting.fragments.get(name)
  if (fragment === undefined || !appliesTo(type, fragment.typeCondition.name.value, collecting)) return
  collect(type, fragment.selectionSet, collecting)
}

function appliesTo(type: GraphQLObjectType, condition: string | undefined, { schema }: Definitions): boolean {
  if (condition === undefined || condition === type.name) return true
  const wider = schema.getType(condition)
  return isAbstractType(wider) && schema.isSubType(wider, type)
}
