/** The cost of introspection: the number of values in the answer, counted in the schema itself. */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { getNamedType, isObjectType, Kind } from 'graphql'

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/** The schema, a type, a field, an argument, an enum value or a directive. */
type Source = object

/** Cost of a selection on an object of the schema. */
export type IntrospectionCost = (set: SelectionSetNode, type: GraphQLNamedType, source: Source) => number

/**
 * Counts each selection once for each object of the schema, so that the count takes less time than the answer: nested lists of
 * fields give the same few hundred objects again and again.
 */
export function introspectionCost(
  schema: GraphQLSchema,
  fragments: Fragments,
  weightOf: (field: FieldNode) => number,
): IntrospectionCost {
  const known = new Map<SelectionSetNode, Map<Source, number>>()

  const ofSet = (set: SelectionSetNode, type: GraphQLNamedType, source: Source): number => {
    const ofSources = known.get(set) ?? new Map<Source, number>()
    known.set(set, ofSources)
    const cost = ofSources.get(source) ?? sum(set.selections, (one) => ofSelection(one, type, source))
    ofSources.set(source, cost)
    return cost
  }

  const ofSelection = (selection: SelectionNode, type: GraphQLNamedType, source: Source): number => {
    if (selection.kind === Kind.FIELD) return ofField(selection, type, source)
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
    return fragment === undefined ? 0 : ofSet(fragment.selectionSet, type, source)
  }

  const ofField = (field: FieldNode, type: GraphQLNamedType, source: Source): number => {
    const definition = isObjectType(type) ? type.getFields()[field.name.value] : undefined
    const { selectionSet } = field
    if (definition === undefined || selectionSet === undefined) return weightOf(field)
    const below = getNamedType(definition.type)
    const inside = sum(objectsIn(resolved(definition, source)), (one) => 1 + ofSet(selectionSet, below, one))
    return weightOf(field) * (1 + inside)
  }

  /** Always counts deprecated fields, even if `includeDeprecated` is false. */
  const resolved = ({ resolve }: { readonly resolve?: unknown }, source: Source): unknown =>
    typeof resolve === 'function' ? resolve(source, { includeDeprecated: true }, undefined, { schema }) : undefined

  return ofSet
}

function sum<T>(all: readonly T[], costOf: (one: T) => number): number {
  return all.reduce((total, one) => total + costOf(one), 0)
}

function objectsIn(value: unknown): Source[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.filter((one) => typeof one === 'object' && one !== null)
}
