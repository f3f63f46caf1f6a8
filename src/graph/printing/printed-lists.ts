/**
 * Lists of rows that are printed. Each list of a connection has a field beside it that returns the same rows as JSON; a document that is
 * executed asks for it where its selection can be printed.
 */
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLSchema } from 'graphql'
import { assertObjectType, GraphQLNonNull, GraphQLScalarType, getNamedType, isObjectType } from 'graphql'
import { rules } from '../../auth/rules.ts'
import type { Usage } from '../../loaders/usage.ts'
import { Excess } from '../../loaders/usage.ts'
import type { Connection } from '../connection.ts'
import type { Context } from '../context.ts'
import { keepFieldsOfRow } from './of-row.ts'
import type { Fragments, Print } from './template.ts'
import { rowPrinter, Unprintable } from './template.ts'

/** JSON within the data of a result. */
export class Printed {
  readonly json: string

  constructor(json: string) {
    this.json = json
  }

  toJSON(): unknown {
    return JSON.parse(this.json)
  }
}

const PrintedRows = new GraphQLScalarType({ name: 'PrintedRows', serialize: (rows) => rows })

const lists = ['nodes', 'edges'] as const

/** The name has a blank, so no document of a client can ask for the field. */
export function printedName(name: string): string {
  return `printed ${name}`
}

/**
 * Adds the fields that are printed. They are not enumerable, so neither introspection nor the SDL has them. Comes before the rules and
 * the meter are wrapped around the resolvers: a list is printed only where these refuse nothing.
 */
export function withPrintedLists(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue
    keepFieldsOfRow(type)
    if (type.name.endsWith('Connection')) addPrintedLists(type)
  }
  return schema
}

function addPrintedLists(connection: GraphQLObjectType): void {
  const fields = connection.getFields()
  for (const name of lists) {
    const list = fields[name]
    if (list === undefined || rules[connection.name]?.[name] !== 'inherited') continue
    if (!isObjectType(getNamedType(list.type))) continue
    const field: GraphQLField<Connection<unknown>, Context> = {
      ...list,
      name: printedName(name),
      type: new GraphQLNonNull(PrintedRows),
      resolve: (source, _, { usage }, { fieldNodes, fragments }) => {
        const print = printerOf(list, fieldNodes, fragments)
        return source[name].then((rows) => printed(rows, print, usage))
      },
    }
    Object.defineProperty(fields, field.name, { value: field, enumerable: false })
  }
}

function printed(rows: readonly unknown[], print: Print, usage: Usage): Printed {
  if (usage.excess !== undefined) throw usage.excess
  try {
    let json = '['
    for (const row of rows) json += json.length === 1 ? print(row, usage) : `,${print(row, usage)}`
    return new Printed(`${json}]`)
  } catch (error) {
    // A resolver that throws fails its field only, which graphql-js reports.
    throw error instanceof Excess || error instanceof Unprintable ? error : new Unprintable(String(error))
  }
}

/** By the first selection of a list, which is of one document. */
const printers = new WeakMap<FieldNode, Print>()

/** Several selections of one list are merged, and depend on the variables. */
function printerOf(list: GraphQLField<unknown, Context>, nodes: readonly FieldNode[], fragments: Fragments): Print {
  const [first, ...more] = nodes
  const known = first === undefined || more.length > 0 ? undefined : printers.get(first)
  if (known !== undefined) return known
  const print = listPrinter(list, nodes, fragments)
  if (print === undefined) throw new Error(`${list.name} cannot be printed.`)
  if (first !== undefined && more.length === 0) printers.set(first, print)
  return print
}

/** Undefined if the selections ask for anything but fields of the rows. */
export function listPrinter(
  { type }: GraphQLField<unknown, Context>,
  nodes: readonly FieldNode[],
  fragments: Fragments,
): Print | undefined {
  const selections = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  return rowPrinter(assertObjectType(getNamedType(type)), selections, fragments)
}
