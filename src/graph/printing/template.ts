/**
 * Prints rows as JSON where a selection asks for fields of the row only. graphql-js would resolve and complete each value, and make an
 * object of each row, of which JSON is made afterwards. Whatever else a selection asks for is executed by graphql-js.
 */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLEnumType,
  GraphQLField,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import {
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  getNullableType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
} from 'graphql'
import { WireRow } from '../../database/wire/wire-row.ts'
import { toJson } from '../../loaders/to-json.ts'
import type { Usage } from '../../loaders/usage.ts'
import { Decoded } from '../../sipis/columns.ts'
import type { Context } from '../context.ts'
import { typeNameOf } from '../type-name.ts'
import type { ReadField } from './of-row.ts'
import { fieldsOfRow } from './of-row.ts'
import type { Output } from './output.ts'

/**
 * Prints a value as JSON.
 *
 * @throws Unprintable if the value has no place in its type, Excess if the answer exceeds its limit
 */
export type Print = (value: unknown, usage: Usage, output: Output) => void

/** A value that is an error of its field. graphql-js reports it, so the operation has to be executed without printing. */
export class Unprintable extends Error {}

/** What selections refer to. */
export interface Definitions {
  readonly schema: GraphQLSchema
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
}

/** Prints the rows of a type; undefined if the selections ask for anything but fields of the row. */
function rowPrinter(
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  definitions: Definitions,
): Print | undefined {
  const selected: Selected = new Map()
  if (!selections.every((one) => collect(type, one, { definitions, seen: new Set(), selected }))) return undefined
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
      if (!printBytes(part, row, usage, output)) part.print(part.read(row as never), usage, output)
    }
    output.bytes(close)
  }
}

const [open, close] = [Buffer.from('{'), Buffer.from('}')]

/** @returns whether the field is a column of the row whose bytes could be copied */
function printBytes({ column }: Part, row: unknown, usage: Usage, output: Output): boolean {
  if (column === undefined || !(row instanceof Decoded)) return false
  const { values, offset } = row
  const plain = row.plain.get(column.property)
  if (plain === undefined || !(values instanceof WireRow)) return false
  const start = values.startOf(offset + plain.index)
  const end = values.endOf(offset + plain.index)
  if (start === -1 || isNoValue(values, start, end, plain.unless)) {
    if (column.isNullable) output.bytes(nullBytes)
    return column.isNullable
  }
  return column.copy(values, start, end, usage, output)
}

function isNoValue({ bytes }: WireRow, start: number, end: number, unless: '' | '0' | undefined): boolean {
  return end - start === unless?.length && (end === start || bytes[start] === zero)
}

const zero = 0x30

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
  /** Undefined if the value is none that may be a text of the row. */
  readonly column?: { readonly property: string; readonly isNullable: boolean; readonly copy: Copy } | undefined
}

/** Copies bytes of a row into the answer. @returns false, and copies nothing, if they have another form there */
type Copy = (row: WireRow, start: number, end: number, usage: Usage, output: Output) => boolean

interface Part extends FieldPrinter {
  /** Its name, and what separates it from the field before. */
  readonly before: Buffer
}

/** Fields by their names in the answer, in its order. */
type Selected = Map<string, FieldNode[]>

interface Collecting {
  readonly definitions: Definitions
  /** Names of fragments: further spreads of one add nothing. */
  readonly seen: Set<string>
  readonly selected: Selected
}

/** Collects the fields of a selection as graphql-js does. @returns whether it can be done before the variables are known */
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

/** A field that gives a property as it is may copy the bytes of a column. */
function columnOf({ type, extensions }: GraphQLField<unknown, Context>): FieldPrinter['column'] {
  const { pothosExposedField: property } = extensions
  const named = getNullableType(type)
  const copy = copyOf(named)
  return property === undefined || copy === undefined ? undefined : { property, isNullable: !isNonNullType(type), copy }
}

function copyOf(type: GraphQLOutputType): Copy | undefined {
  if (type === GraphQLString || type === GraphQLID) return copyText
  if (type === GraphQLInt) return copyInteger
  return isScalarType(type) && type.name === 'DateTime' ? copyInstant : undefined
}

const copyText: Copy = (row, start, end, usage, output) => {
  if (!output.plain(row, start, end)) return false
  usage.answerBytes(end - start, () => row.unitsOf(start, end))
  return true
}

const copyInteger: Copy = (row, start, end, _, output) => output.digits(row, start, end)

/** The common form, which is most of all. See formatInstant. */
const withMicroseconds = '2026-11-22 06:24:17.701827+00'

const copyInstant: Copy = (row, start, end, _, output) => {
  const { bytes } = row
  if (end - start !== withMicroseconds.length || bytes[start + 10] !== 0x20) return false
  if (bytes[end - 3] !== 0x2b || bytes[end - 2] !== 0x30 || bytes[end - 1] !== 0x30) return false
  output.replaced(row, start, end - 2, inRfc3339)
  return true
}

/** T between date and time, and Z in place of the offset. */
const inRfc3339 = { 10: 0x54, [withMicroseconds.length - 3]: 0x5a }

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

const nullBytes = Buffer.from('null')
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
