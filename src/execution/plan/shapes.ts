/** Shapes of the values of each kind of type. */
import type { GraphQLAbstractType } from 'graphql'
import type { Usage } from '../../loaders/usage.ts'
import type { Print } from './leaf.ts'
import { Unprintable } from './leaf.ts'
import type { ObjectPlan, Resolver, Shaped } from './object-plan.ts'
import { Resolved, Shape } from './object-plan.ts'
import { Output } from './output.ts'

export class LeafShape extends Shape {
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

export class ObjectShape extends ObjectsShape {
  readonly #plan: ObjectPlan

  constructor(plan: ObjectPlan, canBeNull: boolean) {
    super(canBeNull)
    this.#plan = plan
  }

  get isOfRow(): boolean {
    return this.#plan.fields.length === 0
  }

  protected planOf(): ObjectPlan {
    return this.#plan
  }
}

export class AbstractShape extends ObjectsShape {
  readonly #typeNameOf: (value: unknown) => unknown
  readonly #plans: ReadonlyMap<unknown, ObjectPlan>

  /** @param plans by the names of the possible types */
  constructor({ resolveType }: GraphQLAbstractType, plans: ReadonlyMap<string, ObjectPlan>, canBeNull: boolean) {
    super(canBeNull)
    this.#typeNameOf = resolveType as (value: unknown) => unknown
    this.#plans = plans
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

/** A list that is printed already. */
export class PrintedList {
  readonly items: readonly unknown[]
  readonly json: Uint8Array

  constructor(items: readonly unknown[], json: Uint8Array) {
    this.items = items
    this.json = json
  }
}

export class ListShape extends Shape {
  readonly #item: Shaped
  readonly isOfRow: boolean

  constructor(item: Shape, canBeNull: boolean) {
    super(canBeNull)
    this.#item = { shape: item }
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
      this.#item.shape.print(item, usage, output)
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
