/**
 * How an operation is answered: which fields of each object are resolved first, and how the object is printed as JSON then. Fields of the
 * row only are read when they are printed. graphql-js would resolve and complete each value, and make an object of each row, of which
 * JSON is made afterwards.
 */
import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLField,
  GraphQLObjectType,
  GraphQLOutputType,
  SelectionSetNode,
} from 'graphql'
import { defaultFieldResolver, getNullableType, isLeafType, isListType, isNonNullType, isObjectType } from 'graphql'
import type { Context } from '../../graph/context.ts'
import type { ReadRow } from '../../graph/of-row.ts'
import type { Usage } from '../../loaders/usage.ts'
import type { ArgumentsOf } from './arguments.ts'
import { argumentsOf } from './arguments.ts'
import type { ColumnField } from './column.ts'
import { columnOf, copyColumn, nullBytes } from './column.ts'
import type { Print } from './leaf.ts'
import { countingPrinter, leafPrinter, Unprintable } from './leaf.ts'
import { Output } from './output.ts'
import type { Definitions } from './selected-fields.ts'
import { selectedFields } from './selected-fields.ts'

/** What a plan is made of. */
export interface Planning extends Definitions {
  /** How many fields the plan has so far. */
  fields: number
}

/** Resolves the fields of objects while an operation is executed. */
export interface Resolver {
  readonly usage: Usage
  /** Begins to resolve the fields of an object. */
  object(plan: ObjectPlan, source: unknown): Resolved
  /** Begins to resolve what is below a value. A value that is an error of its field is noted, and returned as it is. */
  complete(shape: Shape, value: unknown): unknown
}

/** An object, and what its fields return. */
export class Resolved {
  readonly plan: ObjectPlan
  readonly source: unknown
  /** Of the fields of the plan, in their order. */
  readonly values: unknown[]

  constructor(plan: ObjectPlan, source: unknown) {
    this.plan = plan
    this.source = source
    this.values = new Array(plan.fields.length)
  }
}

/** A list that is printed already. */
export class PrintedList {
  readonly items: readonly unknown[]
  readonly json: Uint8Array

  constructor(items: readonly unknown[], json: Uint8Array) {
    this.items = items
    this.json = json
  }
}

/** The plan of objects of a type. */
export class ObjectPlan {
  /** Those that are resolved before the object is printed. */
  readonly fields: readonly ResolvedField[]
  readonly #parts: readonly Part[]

  constructor(type: GraphQLObjectType, selections: readonly SelectionSetNode[], planning: Planning) {
    const parts: Part[] = []
    const fields: ResolvedField[] = []
    for (const [key, nodes] of selectedFields(type, selections, planning)) {
      planning.fields++
      const before = Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(key)}:`)
      const part = partOf(type, { key, nodes }, fields.length, planning)
      if (part instanceof ResolvedField) fields.push(part)
      parts.push({ before, ...(part instanceof ResolvedField ? { field: part } : part) })
    }
    this.#parts = parts
    this.fields = fields
  }

  /** @param values of the fields */
  print(source: unknown, values: readonly unknown[], usage: Usage, output: Output): void {
    if (this.#parts.length === 0) output.bytes(open)
    for (const part of this.#parts) {
      output.bytes(part.before)
      const { field, column } = part
      if (field !== undefined) field.shape.print(values[field.at], usage, output)
      else if (column === undefined || !copyColumn(column, source, usage, output))
        part.print?.(part.read?.(source as never), usage, output)
    }
    output.bytes(close)
  }
}

const [open, close] = [Buffer.from('{'), Buffer.from('}')]

/** How a field is printed. */
interface Part extends Partial<RowField> {
  /** Its name, and what separates it from the field before. */
  readonly before: Buffer
  /** Undefined if it is a field of the row. */
  readonly field?: ResolvedField
}

interface RowField {
  readonly read: ReadRow
  readonly print: Print
  /** Undefined if the value cannot be that of a column. */
  readonly column?: ColumnField | undefined
}

/** What is selected under one name of the answer. */
interface Selection {
  readonly key: string
  readonly nodes: readonly FieldNode[]
}

function partOf(
  type: GraphQLObjectType,
  selection: Selection,
  at: number,
  planning: Planning,
): RowField | ResolvedField {
  const { nodes } = selection
  const name = nodes[0]?.name.value ?? ''
  if (name === '__typename') return { read: () => type.name, print: countless(JSON.stringify(type.name)) }
  const field = type.getFields()[name]
  if (field === undefined) throw new Error(`${type.name}.${name} cannot be planned.`)
  const shape = () =>
    shapeOf(
      field.type,
      nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
      planning,
    )
  return rowField(field, shape) ?? new ResolvedField(field, selection, at, shape)
}

function countless(json: string): Print {
  const bytes = Buffer.from(json)
  return (_, __, output) => output.bytes(bytes)
}

function rowField(field: GraphQLField<unknown, Context>, shape: () => Shape): RowField | undefined {
  const { readRow: read } = field.extensions
  const inner = getNullableType(field.type)
  if (read === undefined || isListType(inner)) return undefined
  if (isLeafType(inner)) {
    const ofValue = countingPrinter(inner)
    const ofNull = isNonNullType(field.type) ? unprintableNull : printNull
    const print: Print = (value, usage, output) => (value == null ? ofNull : ofValue)(value, usage, output)
    return { read, print, column: columnOf(field) }
  }
  const objects = shape()
  return objects.isOfRow ? { read, print: (value, usage, output) => objects.print(value, usage, output) } : undefined
}

const printNull: Print = (_, __, output) => output.bytes(nullBytes)

const unprintableNull: Print = () => {
  throw new Unprintable('A value that cannot be null is null.')
}

/** A field that is resolved before its object is printed. */
export class ResolvedField {
  /** Its name in the answer. */
  readonly key: string
  /** Its selections, which are merged. */
  readonly nodes: readonly FieldNode[]
  /** Its place in the values of its object. */
  readonly at: number
  readonly resolve
  readonly argumentsOf: ArgumentsOf
  readonly #makeShape: () => Shape
  #shape: Shape | undefined

  constructor(field: GraphQLField<unknown, Context>, { key, nodes }: Selection, at: number, shape: () => Shape) {
    this.key = key
    this.nodes = nodes
    this.at = at
    this.resolve = field.resolve ?? defaultFieldResolver
    this.argumentsOf = argumentsOf(field, nodes[0])
    this.#makeShape = shape
  }

  /** Planned when there is a value, because fragments can be nested far deeper than data. */
  get shape(): Shape {
    this.#shape ??= this.#makeShape()
    return this.#shape
  }
}

/** What becomes of the value of a field. */
export abstract class Shape {
  readonly #canBeNull: boolean

  constructor(canBeNull: boolean) {
    this.#canBeNull = canBeNull
  }

  /** Whether all below it are fields of rows: nothing is resolved before it is printed. */
  abstract get isOfRow(): boolean
  protected abstract resolveInner(value: NonNullable<unknown>, resolver: Resolver): unknown
  protected abstract printInner(value: unknown, usage: Usage, output: Output): void

  /**
   * Begins to resolve what is below a value.
   *
   * @returns what is printed
   * @throws Unprintable if the value is an error of its field, Excess if the answer exceeds its limit
   */
  resolve(value: unknown, resolver: Resolver): unknown {
    if (value == null && this.#canBeNull) return null
    if (value == null || value instanceof Error) throw new Unprintable('A value is an error.')
    return this.resolveInner(value, resolver)
  }

  /** @throws Unprintable if the value is an error of its field, Excess if the answer exceeds its limit */
  print(value: unknown, usage: Usage, output: Output): void {
    if (value != null) this.printInner(value, usage, output)
    else if (this.#canBeNull) output.bytes(nullBytes)
    else throw new Unprintable('A value that cannot be null is null.')
  }
}

function shapeOf(type: GraphQLOutputType, selections: readonly SelectionSetNode[], planning: Planning): Shape {
  const canBeNull = !isNonNullType(type)
  const inner = getNullableType(type)
  if (isLeafType(inner)) return new LeafShape(leafPrinter(inner), canBeNull)
  if (isListType(inner)) return new ListShape(shapeOf(inner.ofType, selections, planning), canBeNull)
  const planOf = (of: GraphQLObjectType) => new ObjectPlan(of, selections, planning)
  if (isObjectType(inner)) return new ObjectShape(() => planOf(inner), canBeNull)
  return new AbstractShape(inner, planning.schema.getPossibleTypes(inner), planOf, canBeNull)
}

class LeafShape extends Shape {
  readonly isOfRow = true
  readonly #print: Print

  constructor(print: Print, canBeNull: boolean) {
    super(canBeNull)
    this.#print = print
  }

  protected resolveInner(value: unknown): unknown {
    return value
  }

  protected printInner(value: unknown, usage: Usage, output: Output): void {
    this.#print(value, usage, output)
  }
}

/** Objects of one type or of several. */
abstract class ObjectsShape extends Shape {
  protected abstract planOf(value: unknown): ObjectPlan

  protected resolveInner(value: unknown, resolver: Resolver): unknown {
    const plan = this.planOf(value)
    return plan.fields.length === 0 ? value : resolver.object(plan, value)
  }

  protected printInner(value: unknown, usage: Usage, output: Output): void {
    if (value instanceof Resolved) value.plan.print(value.source, value.values, usage, output)
    else this.planOf(value).print(value, noValues, usage, output)
  }
}

const noValues: readonly unknown[] = []

class ObjectShape extends ObjectsShape {
  readonly #plan: ObjectPlan

  constructor(plan: () => ObjectPlan, canBeNull: boolean) {
    super(canBeNull)
    this.#plan = plan()
  }

  get isOfRow(): boolean {
    return this.#plan.fields.length === 0
  }

  protected planOf(): ObjectPlan {
    return this.#plan
  }
}

class AbstractShape extends ObjectsShape {
  readonly #typeNameOf: (value: unknown) => unknown
  readonly #plans: ReadonlyMap<unknown, ObjectPlan>

  constructor(
    { resolveType }: GraphQLAbstractType,
    types: readonly GraphQLObjectType[],
    planOf: (type: GraphQLObjectType) => ObjectPlan,
    canBeNull: boolean,
  ) {
    super(canBeNull)
    this.#typeNameOf = resolveType as (value: unknown) => unknown
    this.#plans = new Map(types.map((type) => [type.name, planOf(type)]))
  }

  get isOfRow(): boolean {
    return [...this.#plans.values()].every(({ fields }) => fields.length === 0)
  }

  protected planOf(value: unknown): ObjectPlan {
    const plan = this.#plans.get(this.#typeNameOf(value))
    if (plan === undefined) throw new Unprintable('An object has no type.')
    return plan
  }
}

class ListShape extends Shape {
  readonly #item: Shape
  readonly isOfRow: boolean

  constructor(item: Shape, canBeNull: boolean) {
    super(canBeNull)
    this.#item = item
    this.isOfRow = item.isOfRow
  }

  protected resolveInner(value: unknown, resolver: Resolver): unknown {
    if (!Array.isArray(value) || value.some(isPromise)) throw new Unprintable('A list is none.')
    if (!this.isOfRow) return value.map((item) => resolver.complete(this.#item, item))
    // Printed at once, because rows come in turns of a few hundred, for which the event loop waits.
    list.clear()
    this.#printItems(value, resolver.usage, list)
    return new PrintedList(value, list.take())
  }

  protected printInner(value: unknown, usage: Usage, output: Output): void {
    if (value instanceof PrintedList) output.bytes(value.json)
    else this.#printItems(value as readonly unknown[], usage, output)
  }

  #printItems(items: readonly unknown[], usage: Usage, output: Output): void {
    output.bytes(openList)
    let isFirst = true
    for (const item of items) {
      if (item instanceof Error) throw new Unprintable('An item is an error.')
      if (!isFirst) output.bytes(comma)
      isFirst = false
      this.#item.print(item, usage, output)
    }
    output.bytes(closeList)
  }
}

const [openList, comma, closeList] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')]

/** One for all, because a list is printed at once. */
const list = new Output()

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise
}
