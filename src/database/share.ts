import { busy, cancelled } from './database-error.ts'

/** What runs at once, shared out between callers. */
export interface Share {
  /**
   * Runs the work when it is its caller's turn: callers take turns, whatever the number of works that each has waiting.
   *
   * @throws DatabaseError `timeout` when the signal is given before its turn, `unavailable` when too many wait
   */
  run<T>(caller: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export interface ShareLimits {
  readonly total: number
  readonly perCaller: number
  readonly maxWaiting: number
}

interface Turn {
  readonly start: () => void
}

export function openShare({ total, perCaller, maxWaiting }: ShareLimits): Share {
  const running = new Map<string, number>()
  /** In the order in which callers have their turn: who has had one goes to the end. */
  const waiting = new Map<string, Turn[]>()
  let allRunning = 0
  let allWaiting = 0

  const mayRun = (caller: string) => allRunning < total && (running.get(caller) ?? 0) < perCaller

  const begin = (caller: string) => {
    allRunning++
    running.set(caller, (running.get(caller) ?? 0) + 1)
  }

  const end = (caller: string) => {
    allRunning--
    const left = (running.get(caller) ?? 1) - 1
    if (left > 0) running.set(caller, left)
    else running.delete(caller)
    startNext()
  }

  const startNext = () => {
    for (const [caller, turns] of waiting) {
      if (!mayRun(caller)) continue
      waiting.delete(caller)
      const turn = turns.shift()
      if (turns.length > 0) waiting.set(caller, turns)
      if (turn === undefined) continue
      allWaiting--
      begin(caller)
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

  const wait = (caller: string, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        forget(caller, turn)
        reject(cancelled())
      }
      const turn = {
        start() {
          signal.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      signal.addEventListener('abort', giveUp, { once: true })
      waiting.set(caller, [...(waiting.get(caller) ?? []), turn])
      allWaiting++
    })

  return {
    async run(caller, signal, work) {
      if (signal.aborted) throw cancelled()
      if (mayRun(caller)) begin(caller)
      else if (allWaiting >= maxWaiting) throw busy()
      else await wait(caller, signal)
      try {
        return await work()
      } finally {
        end(caller)
      }
    },
  }
}
