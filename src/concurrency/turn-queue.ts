/** A work that waits. */
export interface Turn {
  readonly caller: string
  start(): void
  refuse(error: Error): void
}

/** Works that wait. Callers take turns, whatever the number of works that each has waiting. */
export interface TurnQueue {
  readonly size: number
  /** How many works of this caller wait. */
  of(caller: string): number
  add(turn: Turn): void
  /** Removes a work that no longer waits; no effect if it is not there. */
  remove(turn: Turn): void
  /** Removes the next work of the first caller that may run. That caller is the last one then. */
  takeNext(mayRun: (caller: string) => boolean): Turn | undefined
  /** The newest work of the caller that has most waiting, if that is more than this caller would have with another one. */
  displacedBy(caller: string): Turn | undefined
}

export function createTurnQueue(): TurnQueue {
  /** In the order in which callers have their turn. A caller without a waiting work is not there. */
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
