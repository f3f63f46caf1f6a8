/** A waiting task. */
export interface Turn {
  readonly caller: string
  start(): void
  refuse(error: Error): void
}

/** Waiting tasks. Callers take turns, however many tasks each has waiting. */
export interface TurnQueue {
  readonly size: number
  /** How many tasks of this caller wait. */
  of(caller: string): number
  add(turn: Turn): void
  /** Removes a task that no longer waits; no effect if it is not in the queue. */
  remove(turn: Turn): void
  /** Removes the next task of the first caller that may run, and moves that caller to the end. */
  takeNext(mayRun: (caller: string) => boolean): Turn | undefined
  /** The newest task of the caller with most waiting tasks, if these are more than this caller's would be with another one. */
  displacedBy(caller: string): Turn | undefined
}

export function createTurnQueue(): TurnQueue {
  /** In the order of turns. Callers without a waiting task have no entry. */
  const ofCallers = new Map<string, Turn[]>()
  let size = 0
  const of = (caller: string) => ofCallers.get(caller)?.length ?? 0

  const remove = (turn: Turn) => {
    const turns = ofCallers.get(turn.caller) ?? []
    const place = turns.indexOf(turn)
    if (place < 0) return
    turns.splice(place, 1)
    size--
    if (turns.length === 0) ofCallers.delete(turn.caller)
  }

  return {
    get size() {
      return size
    },
    of,
    add(turn) {
      ofCallers.set(turn.caller, [...(ofCallers.get(turn.caller) ?? []), turn])
      size++
    },
    remove,
    takeNext(mayRun) {
      for (const [caller, turns] of ofCallers) {
        const [turn] = turns
        if (turn === undefined || !mayRun(caller)) continue
        remove(turn)
        if (ofCallers.delete(caller)) ofCallers.set(caller, turns)
        return turn
      }
      return undefined
    },
    displacedBy(caller) {
      const own = of(caller)
      let most: readonly Turn[] = []
      for (const turns of ofCallers.values()) if (turns.length > Math.max(most.length, own + 1)) most = turns
      return most.at(-1)
    },
  }
}
