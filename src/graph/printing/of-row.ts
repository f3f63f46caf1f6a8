import type { GraphQLField, GraphQLObjectType } from 'graphql'
import { rules } from '../../auth/rules.ts'
import type { Context } from '../context.ts'

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    /** Whether the resolver needs the row only, and returns its value at once. */
    readonly ofRow?: boolean
    /** The property that the field returns as it is. Set by Pothos. */
    readonly pothosExposedField?: string
  }
}

/** Options of a field whose resolver needs the row only, and returns its value at once: the field can be printed. */
export const ofRow = { extensions: { ofRow: true } } as const

/** The value of a field of a row. */
export type ReadField = (row: never) => unknown

const known = new WeakMap<GraphQLObjectType, Map<string, ReadField>>()

/** What the fields of a type return that can be printed: those of the row alone, which every reader of the row may see. */
export function fieldsOfRow(type: GraphQLObjectType): ReadonlyMap<string, ReadField> {
  return known.get(type) ?? new Map()
}

/** Keeps the resolvers of a type as they are declared, before they are wrapped. */
export function keepFieldsOfRow(type: GraphQLObjectType): void {
  const all = Object.values(type.getFields()).flatMap((field): [string, ReadField][] => {
    const read = rules[type.name]?.[field.name] === 'inherited' ? readerOf(field) : undefined
    return read === undefined ? [] : [[field.name, read]]
  })
  known.set(type, new Map(all))
}

function readerOf({ extensions, resolve }: GraphQLField<unknown, Context>): ReadField | undefined {
  const { pothosExposedField: property, ofRow: isOfRow } = extensions
  if (property !== undefined) return (row) => row[property]
  return isOfRow === true ? (resolve as ReadField | undefined) : undefined
}
