import type { Turn, TurnQueue } from './turn-queue.ts'
import { createTurnQueue } from './turn-queue.ts'

/** What runs at once, shared out between callers: they take turns, whatever the number of works that each has waiting. */
export interface Share {
  /** How many works of this caller run or wait. */
  of(caller: string): number
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

export function openShare(
  { total, ofFurther = total, perCaller, maxWaiting, maxWaitMs }: ShareLimits,
  refusals: ShareRefusals,
): Share {
  const running = openTally()
  const waiting = createTurnQueue()

  const mayRun = (caller: string) => {
    const own = running.of(caller)
    return own < perCaller && running.total < (own === 0 ? total : ofFurther)
  }
  const leave = (caller: string) => {
    running.remove(caller)
    const next = waiting.takeNext(mayRun)
    if (next === undefined) return
    running.add(next.caller)
    next.start()
  }
  const makeRoom = (caller: string) => {
    if (waiting.size < maxWaiting) return
    const displaced = waiting.displacedBy(caller)
    if (displaced === undefined) throw refusals.full()
    waiting.remove(displaced)
    displaced.refuse(refusals.full())
  }
  const enter = async (caller: string, signal: AbortSignal) => {
    if (signal.aborted) throw refusals.givenUp()
    if (mayRun(caller)) running.add(caller)
    else {
      makeRoom(caller)
      await waitForTurn(waiting, caller, { signal, maxWaitMs, givenUp: refusals.givenUp })
    }
    return () => leave(caller)
  }

  return {
    of: (caller) => running.of(caller) + waiting.of(caller),
    isFull: (caller) => !mayRun(caller) && waiting.size >= maxWaiting && waiting.displacedBy(caller) === undefined,
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

interface Wait {
  readonly signal: AbortSignal
  readonly maxWaitMs: number | undefined
  readonly givenUp: () => Error
}

function waitForTurn(queue: TurnQueue, caller: string, { signal, maxWaitMs, givenUp }: Wait): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      done()
    }
    const turn: Turn = {
      caller,
      start: () => settle(resolve),
      refuse: (error) => settle(() => reject(error)),
    }
    const giveUp = () => {
      queue.remove(turn)
      turn.refuse(givenUp())
    }
    const timer = maxWaitMs === undefined ? undefined : setTimeout(giveUp, maxWaitMs)
    signal.addEventListener('abort', giveUp, { once: true })
    queue.add(turn)
  })
}

interface Tally {
  readonly total: number
  of(caller: string): number
  add(caller: string): void
  remove(caller: string): void
}

/** How many there are, in all and of each caller. */
function openTally(): Tally {
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
