import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../graph/context.ts'
import { Failed } from '../../graph/replay.ts'
import type { Usage } from '../../loaders/usage.ts'
import type { ObjectPlan, ResolvedField, Resolver, Shaped } from './object-plan.ts'
import { Resolved } from './object-plan.ts'
import { isPromise } from './shapes.ts'

type Variables = Readonly<Record<string, unknown>>

/** Resolves the fields of an operation. Calls the resolvers that graphql-js would call, in its order. */
export class Resolving implements Resolver {
  readonly root: Resolved
  readonly #context: Context
  readonly #variables: Variables
  readonly #arguments = new Map<ResolvedField, unknown>()
  #hasFailed = false
  #pending = 0
  #whenDone: (() => void) | undefined

  constructor(plan: ObjectPlan, context: Context, variables: Variables) {
    this.#context = context
    this.#variables = variables
    this.root = this.object(plan, undefined)
  }

  get usage(): Usage {
    return this.#context.usage
  }

  /** Whether a value is an error of its field. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Until all fields have returned; undefined if they have. */
  get done(): Promise<void> | undefined {
    if (this.#pending === 0) return undefined
    return new Promise((resolve) => {
      this.#whenDone = resolve
    })
  }

  object(plan: ObjectPlan, source: unknown): Resolved {
    const resolved = new Resolved(plan, source)
    for (const field of plan.fields) this.#begin(field, resolved)
    return resolved
  }

  complete(shaped: Shaped, value: unknown): unknown {
    try {
      // A field plans its shape when it is asked for it.
      return shaped.shape.resolve(value, this)
    } catch {
      this.#hasFailed = true
      return value
    }
  }

  #begin(field: ResolvedField, { source, values }: Resolved): void {
    const { at, resolve } = field
    try {
      const value: unknown = resolve(source, this.#argumentsOf(field), this.#context, noInfo)
      if (!isPromise(value)) {
        values[at] = this.complete(field, value)
        return
      }
      this.#pending++
      value.then(
        (settled) => {
          values[at] = this.complete(field, settled)
          this.#end()
        },
        (error: unknown) => {
          values[at] = this.#failed(error)
          this.#end()
        },
      )
    } catch (error) {
      values[at] = this.#failed(error)
    }
  }

  #argumentsOf(field: ResolvedField): unknown {
    const known = this.#arguments.get(field)
    if (known !== undefined) return known
    const given = field.argumentsOf(this.#variables)
    this.#arguments.set(field, given)
    return given
  }

  #failed(error: unknown): Failed {
    this.#hasFailed = true
    return new Failed(error)
  }

  #end(): void {
    this.#pending--
    if (this.#pending === 0) this.#whenDone?.()
  }
}

/** No resolver of the schema asks for it. It says so loudly if one does. */
const noInfo = new Proxy({} as GraphQLResolveInfo, {
  get(_, name) {
    throw new Error(`A resolver asks for info.${String(name)}, which plans do not have.`)
  },
})
