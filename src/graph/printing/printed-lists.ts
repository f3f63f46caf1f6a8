/**
 * Lists of rows that are printed. Each list of objects has a field beside it that returns the same rows as JSON; a document that is
 * executed asks for it where its selection can be printed.
 */
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLOutputType, GraphQLSchema } from 'graphql'
import {
  defaultFieldResolver,
  GraphQLNonNull,
  GraphQLScalarType,
  getNullableType,
  isAbstractType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { rules } from '../../auth/rules.ts'
import type { Usage } from '../../loaders/usage.ts'
import { Excess } from '../../loaders/usage.ts'
import type { Context } from '../context.ts'
import { keepFieldsOfRow } from './of-row.ts'
import { Output } from './output.ts'
import type { Definitions } from './selected-fields.ts'
import type { Print } from './template.ts'
import { nullable, objectPrinter, selectionsOf, Unprintable } from './template.ts'

/** JSON within the data of a result. */
export class Printed {
  readonly json: Buffer

  constructor(json: Buffer) {
    this.json = json
  }

  toJSON(): unknown {
    return JSON.parse(this.json.toString())
  }
}

const PrintedRows = new GraphQLScalarType({ name: 'PrintedRows', serialize: (rows) => rows })

/** The name has a blank, so no document of a client can ask for the field. */
export function printedName(name: string): string {
  return `printed ${name}`
}

/**
 * Adds the fields that are printed. They are not enumerable, so neither introspection nor the SDL has them. Comes before the rules and
 * the meter are wrapped around the resolvers: a list is printed only where a rule refuses nothing.
 */
export function withPrintedLists(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue
    keepFieldsOfRow(type)
    for (const field of Object.values(type.getFields())) {
      const rule = rules[type.name]?.[field.name]
      if (typeof rule === 'string' && itemsOf(field.type) !== undefined) addPrinted(type, field)
    }
  }
  return schema
}

/** The type of the items of a list of objects. */
function itemsOf(type: GraphQLOutputType): GraphQLOutputType | undefined {
  const list = getNullableType(type)
  if (!isListType(list)) return undefined
  const item: GraphQLOutputType = list.ofType
  const row = getNullableType(item)
  return isObjectType(row) || isAbstractType(row) ? item : undefined
}

function addPrinted(type: GraphQLObjectType, list: GraphQLField<unknown, Context>): void {
  const { resolve = defaultFieldResolver } = list
  const field: GraphQLField<unknown, Context> = {
    ...list,
    name: printedName(list.name),
    type: isNonNullType(list.type) ? new GraphQLNonNull(PrintedRows) : PrintedRows,
    resolve: (source, args, context, info) => {
      const { schema, fragments } = info
      const { usage } = context
      if (usage.excess !== undefined) throw usage.excess
      // Not all of info, because a printer is remembered, and would keep the variables of its first operation.
      const print = printerOf(list, info.fieldNodes, { schema, fragments })
      const rows: unknown = resolve(source, args, context, info)
      return rows instanceof Promise ? rows.then((all) => printed(all, print, usage)) : printed(rows, print, usage)
    },
  }
  Object.defineProperty(type.getFields(), field.name, { value: field, enumerable: false })
}

function printed(rows: unknown, print: Print, usage: Usage): Printed | null {
  if (usage.excess !== undefined) throw usage.excess
  if (rows == null) return null
  if (!Array.isArray(rows)) throw new Unprintable('A list is none.')
  output.clear()
  try {
    output.bytes(open)
    for (const [index, row] of rows.entries()) {
      if (index > 0) output.bytes(comma)
      print(row, usage, output)
    }
    output.bytes(close)
    return new Printed(output.take())
  } catch (error) {
    // A resolver that throws fails its field only, which graphql-js reports.
    throw error instanceof Excess || error instanceof Unprintable ? error : new Unprintable(String(error))
  }
}

const [open, comma, close] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')]
/** One for all, because a list is printed at once. */
const output = new Output()

/** By the selection of a list, which is of one document, or by several that an operation merges. */
const printers = new WeakMap<object, Print>()

function printerOf(list: GraphQLField<unknown, Context>, nodes: readonly FieldNode[], definitions: Definitions): Print {
  const [first, ...more] = nodes
  const key = first === undefined || more.length > 0 ? nodes : first
  const print = printers.get(key) ?? listPrinter(list, nodes, definitions)
  if (print === undefined) throw new Error(`${list.name} cannot be printed.`)
  printers.set(key, print)
  return print
}

/** Prints an item; undefined if the selections ask for anything but fields of the rows. */
export function listPrinter(
  { type }: GraphQLField<unknown, Context>,
  nodes: readonly FieldNode[],
  definitions: Definitions,
): Print | undefined {
  const item = itemsOf(type)
  const print = item && objectPrinter(getNullableType(item), selectionsOf(nodes), definitions)
  return item && print && nullable(item, print)
}
