/**
 * How an operation is answered: which fields of each object are resolved first, and how the object is printed as JSON then. Fields of the
 * row only are read when they are printed. graphql-js would resolve and complete each value, and make an object of each row, of which
 * JSON is made afterwards.
 */
import type { FieldNode, GraphQLField } from 'graphql'
import { defaultFieldResolver } from 'graphql'
import type { Context } from '../../graph/context.ts'
import type { ReadRow } from '../../graph/of-row.ts'
import type { Usage } from '../../loaders/usage.ts'
import type { ArgumentsOf } from './arguments.ts'
import { argumentsOf } from './arguments.ts'
import type { ColumnField } from './column.ts'
import { copyColumn, nullBytes } from './column.ts'
import { Unprintable } from './leaf.ts'
import type { Output } from './output.ts'

/** Resolves the fields of objects while an operation is executed. */
export interface Resolver {
  readonly usage: Usage
  /** Begins to resolve the fields of an object. */
  object(plan: ObjectPlan, source: unknown): Resolved
  /** Begins to resolve what is below a value. A value that is an error of its field is noted, and returned as it is. */
  complete(shaped: Shaped, value: unknown): unknown
}

/** What has a shape of its values. */
export interface Shaped {
  readonly shape: Shape
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

/** The plan of objects of a type. */
export class ObjectPlan {
  /** Those that are resolved before the object is printed. */
  readonly fields: readonly ResolvedField[]
  readonly #parts: readonly Part[]

  constructor(parts: readonly Part[]) {
    this.#parts = parts
    this.fields = parts.map(({ of }) => of).filter((one) => one instanceof ResolvedField)
  }

  /** @param values of the fields */
  print(source: unknown, values: readonly unknown[], usage: Usage, output: Output): void {
    if (this.#parts.length === 0) output.bytes(open)
    for (const { before, of } of this.#parts) {
      output.bytes(before)
      if (of instanceof ResolvedField) of.shape.print(values[of.at], usage, output)
      else if (of.column === undefined || !copyColumn(of.column, source, usage, output))
        of.shape.print(of.read(source as never), usage, output)
    }
    output.bytes(close)
  }
}

const [open, close] = [Buffer.from('{'), Buffer.from('}')]

/** A field of an object. */
export interface Part {
  /** Its name, and what separates it from the field before. */
  readonly before: Buffer
  readonly of: RowField | ResolvedField
}

/** A field that is read when its row is printed. */
export interface RowField extends Shaped {
  readonly read: ReadRow
  /** Undefined if the value cannot be that of a column. */
  readonly column?: ColumnField | undefined
}

/** What is selected under one name of the answer. */
export interface Selection {
  readonly key: string
  readonly nodes: readonly FieldNode[]
}

/** A field that is resolved before its object is printed. */
export class ResolvedField implements Shaped {
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
