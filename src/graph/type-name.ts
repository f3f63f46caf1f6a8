/** The concrete type of an object that a field of an interface returns. */
import type { GraphQLSchema } from 'graphql'
import { isInterfaceType } from 'graphql'
import type { NodeType } from './node-id.ts'

const typeName = Symbol('type name')

interface Typed {
  [typeName]?: NodeType
}

/** Has the object resolved as this type. It is a property like all others, which costs less than the brands of Pothos. */
export function typed<Row extends object>(row: Row, name: NodeType): Row {
  const target: Row & Typed = row
  target[typeName] = name
  return row
}

export function typeNameOf(value: unknown): NodeType | undefined {
  return typeof value === 'object' && value !== null ? (value as Typed)[typeName] : undefined
}

/** Has every interface of the schema resolve types by their names. */
export function resolvingTypes(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) if (isInterfaceType(type)) type.resolveType = typeNameOf
  return schema
}
