import type { Share } from '../share.ts'

/** A row of many fields takes some 20 µs to answer, so other callers wait 10 ms for one operation at most. */
const rowsOfTurn = 500

/**
 * Hands the rows of an operation out over several turns of the event loop. Fields are resolved in one go for all rows that are
 * there, and ten thousand rows would keep all other callers waiting.
 */
export interface Pace {
  /** Counts rows that are about to be answered. Gives the turn to wait for, or undefined where there is none. */
  take(rows: number): Promise<void> | undefined
}

export interface PaceOptions {
  /** Callers with large answers take turns. */
  readonly turns: Share
  readonly caller: string
  readonly signal: AbortSignal
}

export function openPace({ turns, caller, signal }: PaceOptions): Pace {
  let taken = 0
  let turn: Promise<void> | undefined
  const nextTurn = async (before: Promise<void> | undefined) => {
    await before
    await turns.run(caller, signal, () => new Promise<void>((resolve) => setImmediate(resolve)))
  }
  return {
    take(rows) {
      taken += rows
      if (taken > rowsOfTurn) {
        taken = rows
        turn = nextTurn(turn)
      }
      return turn
    },
  }
}
