import type { Turn, TurnQueue } from './turn-queue.ts'
import { createTurnQueue } from './turn-queue.ts'

/** Bounds how many tasks run at once. Callers take turns, however many tasks each has waiting. */
export interface Share {
  /** How many tasks of this caller run or wait. */
  of(caller: string): number
  /** Whether the next task of this caller would be refused. */
  isFull(caller: string): boolean
  /** Does what `enter` does if it is the caller's turn now; undefined otherwise. */
  enterAtOnce(caller: string): (() => void) | undefined
  /**
   * Resolves when it is the caller's turn, with a function to call once, at the end of the task.
   *
   * @throws the errors of `refusals`
   */
  enter(caller: string, signal: AbortSignal): Promise<() => void>
  /** Runs a task when it is the caller's turn. */
  run<T>(caller: string, signal: AbortSignal, task: () => Promise<T>): Promise<T>
}

export interface ShareLimits {
  readonly total: number
  /** Part of `total` that is open to callers with a running task; the rest is kept for callers without one. By default all of it. */
  readonly ofFurther?: number
  readonly perCaller: number
  readonly maxWaiting: number
  readonly maxWaitMs?: number
}

export interface ShareRefusals {
  /** Too many tasks wait. */
  readonly full: () => Error
  /** The signal was aborted, or maxWaitMs passed, before it was the caller's turn. */
  readonly givenUp: () => Error
}

/** Called when the numbers of tasks that run and wait have changed. */
export type OnShareChange = (running: number, waiting: number) => void

export function createShare(
  { total, ofFurther = total, perCaller, maxWaiting, maxWaitMs }: ShareLimits,
  refusals: ShareRefusals,
  onChange: OnShareChange = () => undefined,
): Share {
  const running = createTally()
  const waiting = createTurnQueue()

  const mayRun = (caller: string) => {
    const own = running.of(caller)
    return own < perCaller && running.total < (own === 0 ? total : ofFurther)
  }
  const changed = () => onChange(running.total, waiting.size)
  const leave = (caller: string) => {
    running.remove(caller)
    const next = waiting.takeNext(mayRun)
    if (next !== undefined) {
      running.add(next.caller)
      next.start()
    }
    changed()
  }
  const makeRoom = (caller: string) => {
    if (waiting.size < maxWaiting) return
    const displaced = waiting.displacedBy(caller)
    if (displaced === undefined) throw refusals.full()
    waiting.remove(displaced)
    displaced.refuse(refusals.full())
  }
  const enterAtOnce = (caller: string) => {
    if (!mayRun(caller)) return undefined
    running.add(caller)
    changed()
    return () => leave(caller)
  }
  const enter = async (caller: string, signal: AbortSignal) => {
    if (signal.aborted) throw refusals.givenUp()
    const entered = enterAtOnce(caller)
    if (entered !== undefined) return entered
    makeRoom(caller)
    const turn = waitForTurn(waiting, caller, { signal, maxWaitMs, givenUp: refusals.givenUp })
    changed()
    await turn.catch((error: unknown) => {
      changed()
      throw error
    })
    return () => leave(caller)
  }

  return {
    of: (caller) => running.of(caller) + waiting.of(caller),
    isFull: (caller) => !mayRun(caller) && waiting.size >= maxWaiting && waiting.displacedBy(caller) === undefined,
    enterAtOnce,
    enter,
    async run(caller, signal, task) {
      const end = (signal.aborted ? undefined : enterAtOnce(caller)) ?? (await enter(caller, signal))
      try {
        return await task()
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

/** Counts tasks, in all and by caller. */
function createTally(): Tally {
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
