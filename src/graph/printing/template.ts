/**
 * Prints rows as JSON where a selection asks for fields of the row only. graphql-js would resolve and complete each value, and make an
 * object of each row, of which JSON is made afterwards. Whatever else a selection asks for is executed by graphql-js.
 */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLOutputType,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { GraphQLID, GraphQLString, getNullableType, isLeafType, isNonNullType, isObjectType, Kind } from 'graphql'
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

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>

/** Prints the rows of a type; undefined if the selections ask for anything but fields of the row. */
export function rowPrinter(
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  fragments: Fragments,
): Print | undefined {
  const selected: Selected = new Map()
  if (!selections.every((one) => collect(type, one, { fragments, seen: new Set(), selected }))) return undefined
  const parts: Part[] = []
  for (const [key, nodes] of selected) {
    const part = fieldPrinter(type, nodes, fragments)
    if (part === undefined) return undefined
    parts.push({ before: `${parts.length === 0 ? '' : ','}${JSON.stringify(key)}:`, ...part })
  }
  return (row, usage) => {
    let text = '{'
    for (const { before, read, print } of parts) text += before + print(read(row as never), usage)
    return `${text}}`
  }
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
  readonly fragments: Fragments
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
    return appliesTo(type, selection.typeCondition?.name.value) && collect(type, selection.selectionSet, collecting)
  }
  const { value: name } = selection.name
  if (collecting.seen.has(name)) return true
  collecting.seen.add(name)
  const fragment = collecting.fragments[name]
  if (fragment === undefined || !appliesTo(type, fragment.typeCondition.name.value)) return false
  return collect(type, fragment.selectionSet, collecting)
}

function appliesTo(type: GraphQLObjectType, condition: string = type.name): boolean {
  return condition === type.name || type.getInterfaces().some(({ name }) => name === condition)
}

function fieldPrinter(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  fragments: Fragments,
): FieldPrinter | undefined {
  const name = nodes[0]?.name.value ?? ''
  if (name === '__typename') {
    const text = JSON.stringify(type.name)
    return { read: () => type.name, print: () => text }
  }
  const read = fieldsOfRow(type).get(name)
  const field = type.getFields()[name]
  if (read === undefined || field === undefined) return undefined
  const print = valuePrinter(field.type, nodes, fragments)
  return print && { read, print }
}

function valuePrinter(type: GraphQLOutputType, nodes: readonly FieldNode[], fragments: Fragments): Print | undefined {
  const print = isNonNullType(type) ? unprintableNull : printNull
  const inner = innerPrinter(getNullableType(type), nodes, fragments)
  return inner && ((value, usage) => (value == null ? print() : inner(value, usage)))
}

function innerPrinter(type: GraphQLOutputType, nodes: readonly FieldNode[], fragments: Fragments): Print | undefined {
  if (type === GraphQLString || type === GraphQLID) return printText
  if (isLeafType(type)) return (value) => printLeaf(type.serialize(value))
  if (!isObjectType(type)) return undefined
  const selections = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  return rowPrinter(type, selections, fragments)
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
