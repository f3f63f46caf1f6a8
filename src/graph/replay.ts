import type { FieldNode } from 'graphql'

/** What fields have returned already, by a selection of the field and the object it was resolved of. */
export type Replay = ReadonlyMap<FieldNode, ReadonlyMap<unknown, Outcome>>

export type Outcome = { readonly value: unknown } | Failed

/** A field that has thrown, or whose promise was rejected. */
export class Failed {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** Undefined if the field has not returned. */
export function knownOutcome(replay: Replay, [node]: readonly FieldNode[], source: unknown): Outcome | undefined {
  return node && replay.get(node)?.get(source)
}
