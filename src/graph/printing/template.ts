/**
 * Prints rows as JSON where a selection asks for fields of the row only. graphql-js would resolve and complete each value, and make an
 * object of each row, of which JSON is made afterwards. Whatever else a selection asks for is executed by graphql-js.
 */
import type { FieldNode, GraphQLEnumType, GraphQLObjectType, GraphQLOutputType, SelectionSetNode } from 'graphql'
import {
  GraphQLID,
  GraphQLString,
  getNullableType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { toJson } from '../../loaders/to-json.ts'
import type { Usage } from '../../loaders/usage.ts'
import { typeNameOf } from '../type-name.ts'
import type { ColumnField } from './column.ts'
import { columnOf, copyColumn, nullBytes } from './column.ts'
import type { ReadField } from './of-row.ts'
import { fieldsOfRow } from './of-row.ts'
import type { Output } from './output.ts'
import type { Definitions } from './selected-fields.ts'
import { selectedFields } from './selected-fields.ts'

/**
 * Prints a value as JSON.
 *
 * @throws Unprintable if the value has no place in its type, Excess if the answer exceeds its limit
 */
export type Print = (value: unknown, usage: Usage, output: Output) => void

/** A value that is an error of its field. graphql-js reports it, so the operation has to be executed without printing. */
export class Unprintable extends Error {}

/** Prints the rows of a type; undefined if the selections ask for anything but fields of the row. */
function rowPrinter(
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  definitions: Definitions,
): Print | undefined {
  const selected = selectedFields(type, selections, definitions)
  if (selected === undefined) return undefined
  const parts: Part[] = []
  for (const [key, nodes] of selected) {
    const part = fieldPrinter(type, nodes, definitions)
    if (part === undefined) return undefined
    const before = Buffer.from(`${parts.length === 0 ? '' : ','}${JSON.stringify(key)}:`)
    parts.push({ before, ...part })
  }
  return (row, usage, output) => {
    output.bytes(open)
    for (const part of parts) {
      output.bytes(part.before)
      if (part.column === undefined || !copyColumn(part.column, row, usage, output))
        part.print(part.read(row as never), usage, output)
    }
    output.bytes(close)
  }
}

const [open, close] = [Buffer.from('{'), Buffer.from('}')]

/** Prints rows of a type or an interface; undefined if the selections ask for anything but fields of the rows. */
export function objectPrinter(
  type: GraphQLOutputType,
  selections: readonly SelectionSetNode[],
  definitions: Definitions,
): Print | undefined {
  if (isObjectType(type)) return rowPrinter(type, selections, definitions)
  return isAbstractType(type)
    ? typedPrinter(definitions.schema.getPossibleTypes(type), selections, definitions)
    : undefined
}

/** Prints each row by its type, which `typed` has set. */
function typedPrinter(
  types: readonly GraphQLObjectType[],
  selections: readonly SelectionSetNode[],
  definitions: Definitions,
): Print | undefined {
  const printers = new Map<string, Print>()
  for (const type of types) {
    const print = rowPrinter(type, selections, definitions)
    if (print === undefined) return undefined
    printers.set(type.name, print)
  }
  return (row, usage, output) => {
    const print = printers.get(typeNameOf(row) ?? '')
    if (print === undefined) throw new Unprintable('A row has no type.')
    print(row, usage, output)
  }
}

interface FieldPrinter {
  readonly read: ReadField
  readonly print: Print
  /** Undefined if the value cannot be that of a column. */
  readonly column?: ColumnField | undefined
}

interface Part extends FieldPrinter {
  /** Its name, and what separates it from the field before. */
  readonly before: Buffer
}

function fieldPrinter(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  definitions: Definitions,
): FieldPrinter | undefined {
  const name = nodes[0]?.name.value ?? ''
  if (name === '__typename') {
    const text = Buffer.from(JSON.stringify(type.name))
    return { read: () => type.name, print: (_, __, output) => output.bytes(text) }
  }
  const read = fieldsOfRow(type).get(name)
  const field = type.getFields()[name]
  if (read === undefined || field === undefined) return undefined
  const print = valuePrinter(field.type, nodes, definitions)
  return print && { read, print, column: columnOf(field) }
}

function valuePrinter(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  definitions: Definitions,
): Print | undefined {
  const print = innerPrinter(getNullableType(type), nodes, definitions)
  return print && nullable(type, print)
}

/** Prints null as well, if the type allows it. */
export function nullable(type: GraphQLOutputType, print: Print): Print {
  const ofNull = isNonNullType(type) ? unprintableNull : printNull
  return (value, usage, output) => (value == null ? ofNull(value, usage, output) : print(value, usage, output))
}

function innerPrinter(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  definitions: Definitions,
): Print | undefined {
  if (type === GraphQLString || type === GraphQLID) return printText
  if (isEnumType(type)) return enumPrinter(type)
  if (isLeafType(type)) return (value, _, output) => output.text(leafJson(type.serialize(value)))
  return objectPrinter(type, selectionsOf(nodes), definitions)
}

export function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
}

function enumPrinter(type: GraphQLEnumType): Print {
  const names = new Map(type.getValues().map(({ name, value }) => [value as unknown, Buffer.from(`"${name}"`)]))
  return (value, _, output) => {
    const name = names.get(value)
    if (name === undefined) throw new Unprintable('A value is none of its enum.')
    output.bytes(name)
  }
}

const printNull: Print = (_, __, output) => output.bytes(nullBytes)

const unprintableNull: Print = () => {
  throw new Unprintable('A value that cannot be null is null.')
}

/** Strings are counted, as `meter` does where graphql-js executes. */
const printText: Print = (value, usage, output) => {
  if (typeof value !== 'string') throw new Unprintable('A text is none.')
  output.text(usage.answer(value))
}

/** Of numbers, enums and times. */
function leafJson(value: unknown): string {
  if (value == null) throw new Unprintable('A value has no form in its type.')
  return typeof value === 'string' ? toJson(value) : JSON.stringify(value)
}
