import type { Share } from '../concurrency/share.ts'

/** Resolving a row takes about 20 µs, so one turn blocks the event loop for at most 10 ms. */
const rowsPerTurn = 500

/**
 * Spreads the rows of an operation over several turns of the event loop, because graphql-js resolves all available rows synchronously:
 * ten thousand rows would block all other callers.
 */
export interface Pace {
  /** Counts rows before they are resolved. Returns the turn to await, or undefined if the rows may be resolved at once. */
  take(rows: number): Promise<void> | undefined
}

export interface PaceOptions {
  /** Shares turns between callers with large responses. */
  readonly turns: Share
  readonly caller: string
  readonly ending: Pick<AbortController, 'signal'>
}

export function createPace({ turns, caller, ending }: PaceOptions): Pace {
  let taken = 0
  let turn: Promise<void> | undefined
  const nextTurn = async (before: Promise<void> | undefined) => {
    await before
    await turns.run(caller, ending.signal, () => new Promise<void>((resolve) => setImmediate(resolve)))
  }
  return {
    take(rows) {
      taken += rows
      if (taken > rowsPerTurn) {
        taken = rows
        turn = nextTurn(turn)
      }
      return turn
    },
  }
}
