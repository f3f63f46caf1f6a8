/** What runs at once, shared out between callers: they take turns, whatever the number of works that each has waiting. */
export interface Share {
  /** Whether the next work of this caller would be refused. */
  isFull(caller: string): boolean
  /**
   * Resolves when it is the caller's turn, with what has to be called once at the end of its work.
   *
   * @throws what `refusals` says, where too many wait or where the wait is given up
   */
  enter(caller: string, signal: AbortSignal): Promise<() => void>
  /** Runs a work when it is its caller's turn. */
  run<T>(caller: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export interface ShareLimits {
  readonly total: number
  /** Of the total, so much is open to callers that have some running already. */
  readonly ofFurther?: number
  readonly perCaller: number
  readonly maxWaiting: number
  readonly maxWaitMs?: number
}

export interface ShareRefusals {
  /** Too many wait. */
  readonly full: () => Error
  /** The signal was given, or the time was up, before it was the caller's turn. */
  readonly givenUp: () => Error
}

interface Turn {
  readonly start: () => void
  readonly refuse: (error: Error) => void
}

export function openShare(
  { total, ofFurther = total, perCaller, maxWaiting, maxWaitMs }: ShareLimits,
  refusals: ShareRefusals,
): Share {
  const running = openTally()
  /** In the order in which callers have their turn: one that has had it goes to the end. */
  const waiting = new Map<string, Turn[]>()
  let allWaiting = 0

  const mayRun = (caller: string) => {
    const own = running.of(caller)
    return own < perCaller && running.total < (own === 0 ? total : ofFurther)
  }

  const leave = (caller: string) => {
    running.remove(caller)
    for (const [next, [turn]] of waiting) {
      if (turn === undefined || !mayRun(next)) continue
      const others = waiting.get(next) ?? []
      forget(next, turn)
      // To the end of the order.
      if (waiting.delete(next)) waiting.set(next, others)
      running.add(next)
      return turn.start()
    }
  }

  const forget = (caller: string, turn: Turn) => {
    const turns = waiting.get(caller) ?? []
    const place = turns.indexOf(turn)
    if (place < 0) return
    turns.splice(place, 1)
    allWaiting--
    if (turns.length === 0) waiting.delete(caller)
  }

  /** The newest turn of the caller that has most waiting, if that is more than this caller would have. */
  const toDisplace = (caller: string): readonly [string, Turn] | undefined => {
    const own = waiting.get(caller)?.length ?? 0
    let most: readonly [string, readonly Turn[]] | undefined
    for (const entry of waiting) if (entry[1].length > (most?.[1].length ?? own + 1)) most = entry
    const newest = most?.[1].at(-1)
    return most === undefined || newest === undefined ? undefined : [most[0], newest]
  }

  const makeRoom = (caller: string) => {
    if (allWaiting < maxWaiting) return
    const displaced = toDisplace(caller)
    if (displaced === undefined) throw refusals.full()
    forget(...displaced)
    displaced[1].refuse(refusals.full())
  }

  const wait = (caller: string, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        done()
      }
      const turn: Turn = { start: () => settle(resolve), refuse: (error) => settle(() => reject(error)) }
      const giveUp = () => {
        forget(caller, turn)
        turn.refuse(refusals.givenUp())
      }
      const timer = maxWaitMs === undefined ? undefined : setTimeout(giveUp, maxWaitMs)
      signal.addEventListener('abort', giveUp, { once: true })
      waiting.set(caller, [...(waiting.get(caller) ?? []), turn])
      allWaiting++
    })

  const enter = async (caller: string, signal: AbortSignal) => {
    if (signal.aborted) throw refusals.givenUp()
    if (mayRun(caller)) running.add(caller)
    else {
      makeRoom(caller)
      await wait(caller, signal)
    }
    return () => leave(caller)
  }

  return {
    isFull: (caller) => !mayRun(caller) && allWaiting >= maxWaiting && toDisplace(caller) === undefined,
    enter,
    async run(caller, signal, work) {
      const end = await enter(caller, signal)
      try {
        return await work()
      } finally {
        end()
      }
    },
  }
}

export interface Tally {
  readonly total: number
  of(caller: string): number
  add(caller: string): void
  remove(caller: string): void
}

/** How many there are, in all and of each caller. */
export function openTally(): Tally {
  const counts = new Map<string, number>()
  let total = 0
  const of = (caller: string) => counts.get(caller) ?? 0
  return {
    get total() {
      return total
    },
    of,
    add(caller) {
      total++
      counts.set(caller, of(caller) + 1)
    },
    remove(caller) {
      total--
      const left = of(caller) - 1
      if (left > 0) counts.set(caller, left)
      else counts.delete(caller)
    },
  }
}
