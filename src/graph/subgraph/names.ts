import type { GraphQLNamedType } from 'graphql'
import { isScalarType } from 'graphql'

/** Types that have one meaning in the whole graph of a company, so that the router merges them with those of other subgraphs. */
const common = new Set(['Query', 'Node', 'PageInfo'])

/** Name of a type in the subgraph: Message, Token or Setting would collide with the types of other services. */
export function subgraphTypeName(type: Pick<GraphQLNamedType, 'name'>): string {
  return common.has(type.name) ? type.name : `Sipis${type.name}`
}

export function isRenamed(type: GraphQLNamedType): boolean {
  return !isScalarType(type) && !type.name.startsWith('__') && !common.has(type.name)
}

/** Name of a field of Query in the subgraph, for all subgraphs share this type. */
export function subgraphQueryName(field: string): string {
  return `sipis${field.charAt(0).toUpperCase()}${field.slice(1)}`
}
