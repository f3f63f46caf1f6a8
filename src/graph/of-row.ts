import type { GraphQLField, GraphQLSchema } from 'graphql'
import { isIntrospectionType, isObjectType } from 'graphql'
import { rules } from '../auth/rules.ts'
import type { Context } from './context.ts'

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    /** Whether the resolver needs the row only, and returns its value at once. */
    readonly ofRow?: boolean
    /** The property that the field returns as it is. Set by Pothos. */
    readonly pothosExposedField?: string
    /** What the field returns, without its rule and its meter: it needs the row only, which every reader of the row may see. */
    readonly readRow?: ReadRow
  }
}

/** Options of a field whose resolver needs the row only, and returns its value at once. */
export const ofRow = { extensions: { ofRow: true } } as const

/** The value of a field of a row. */
export type ReadRow = (row: never) => unknown

/** Keeps the resolvers of fields of rows as they are declared. Comes before rules and meters are wrapped around them. */
export function withFieldsOfRow(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const readRow = rules[type.name]?.[field.name] === 'inherited' ? readerOf(field) : undefined
      if (readRow !== undefined) field.extensions = { ...field.extensions, readRow }
    }
  }
  return schema
}

function readerOf({ extensions, resolve }: GraphQLField<unknown, Context>): ReadRow | undefined {
  const { pothosExposedField: property, ofRow: isOfRow } = extensions
  if (property !== undefined) return (row) => row[property]
  return isOfRow === true ? (resolve as ReadRow | undefined) : undefined
}
