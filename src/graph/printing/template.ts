/**
 * Prints rows as JSON where a selection asks for fields of the row only. graphql-js would resolve and complete each value, and make an
 * object of each row, of which JSON is made afterwards. Whatever else a selection asks for is executed by graphql-js.
 */
import { getTypeBrand } from '@pothos/core'
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import {
  GraphQLID,
  GraphQLString,
  getNullableType,
  isAbstractType,
  isLeafType,
  isNonNullType,
  isObjectType,
  Kind,
} from 'graphql'
import { toJson } from '../../loaders/to-json.ts'
import type { Usage } from '../../loaders/usage.ts'
import type { ReadField } from './of-row.ts'
import { fieldsOfRow } from './of-row.ts'

/**
 * Prints a value as JSON.
 *
 * @throws Unprintable if the value has no place in its type, Excess if the answer exceeds its limit
 */
export type Print = (value: unknown, usage: Usage) => string

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
    parts.push({ before: `${parts.length === 0 ? '' : ','}${JSON.stringify(key)}:`, ...part })
  }
  return (row, usage) => {
    let text = '{'
    for (const { before, read, print } of parts) text += before + print(read(row as never), usage)
    return `${text}}`
  }
}

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

/** Prints each row by its type, which it is branded with. */
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
  return (row, usage) => {
    const brand = getTypeBrand(row)
    const print = printers.get(brand === null ? '' : nameOf(brand))
    if (print === undefined) throw new Unprintable('A row has no type.')
    return print(row, usage)
  }
}

function nameOf(brand: NonNullable<ReturnType<typeof getTypeBrand>>): string {
  return typeof brand === 'object' && 'name' in brand ? String(brand['name']) : String(brand)
}

interface FieldPrinter {
  readonly read: ReadField
  readonly print: Print
}

interface Part extends FieldPrinter {
  /** Its name, and what separates it from the field before. */
  readonly before: string
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
    const text = JSON.stringify(type.name)
    return { read: () => type.name, print: () => text }
  }
  const read = fieldsOfRow(type).get(name)
  const field = type.getFields()[name]
  if (read === undefined || field === undefined) return undefined
  const print = valuePrinter(field.type, nodes, definitions)
  return print && { read, print }
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
  return (value, usage) => (value == null ? ofNull() : print(value, usage))
}

function innerPrinter(
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  definitions: Definitions,
): Print | undefined {
  if (type === GraphQLString || type === GraphQLID) return printText
  if (isLeafType(type)) return (value) => printLeaf(type.serialize(value))
  return objectPrinter(type, selectionsOf(nodes), definitions)
}

export function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
}

const printNull = () => 'null'

function unprintableNull(): never {
  throw new Unprintable('A value that cannot be null is null.')
}

/** Strings are counted, as `meter` does where graphql-js executes. */
function printText(value: unknown, usage: Usage): string {
  if (typeof value !== 'string') throw new Unprintable('A text is none.')
  return usage.answer(value)
}

/** Of numbers, enums and times. */
function printLeaf(value: unknown): string {
  if (value == null) throw new Unprintable('A value has no form in its type.')
  return typeof value === 'string' ? toJson(value) : JSON.stringify(value)
}
