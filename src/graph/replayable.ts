import type { GraphQLField } from 'graphql'
import type { Context } from './context.ts'
import { Failed, knownOutcome } from './replay.ts'

/** Has the field return what it has returned already, where an operation is executed once more. */
export function replayable(field: GraphQLField<unknown, Context>): void {
  const { resolve = propertyOf(field.name) } = field
  field.resolve = (source, args, context, info) => {
    const { replay } = context
    const known = replay && knownOutcome(replay, info.fieldNodes, source)
    if (known === undefined) return resolve(source, args, context, info)
    if (known instanceof Failed) throw known.error
    const { value } = known
    // All is there, so that nothing else would let others have their turn.
    const turn = Array.isArray(value) ? context.pace.take(value.length) : undefined
    return turn === undefined ? value : turn.then(() => value)
  }
}

/** The default of graphql-js, but without its info, which plans do not have. */
function propertyOf(name: string): (source: unknown) => unknown {
  return (source) => (source as Readonly<Record<string, unknown>>)[name]
}
