import type { Limits } from '../limits/limits.ts'
import { Refusal } from './refusal.ts'

export interface Admission {
  /** Whether the next one would be turned away: worth knowing before its body is read. */
  readonly full: boolean
  /** Resolves when the operation may run, with what has to be called at its end. Fails with a Refusal. */
  enter(caller: string, signal: AbortSignal): Promise<() => void>
}

type AdmissionLimits = Pick<Limits, 'concurrent' | 'concurrentPerCaller' | 'queue' | 'queueMs'>

interface Waiting {
  readonly start: () => void
}

/** Lets so many operations run at once. As many more wait for a moment; the rest is told at once to come again. */
export function openAdmission(limits: AdmissionLimits): Admission {
  const running = new Map<string, number>()
  const queue = new Set<Waiting>()
  let total = 0

  const forget = (caller: string) => {
    const left = (running.get(caller) ?? 1) - 1
    if (left > 0) running.set(caller, left)
    else running.delete(caller)
  }

  const leave = (caller: string) => {
    forget(caller)
    const [next] = queue
    if (next === undefined) total--
    // The place goes over to the one that has waited longest.
    else next.start()
  }

  const wait = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => {
        queue.delete(waiting)
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        done()
      }
      const giveUp = () => settle(() => reject(overloaded()))
      const waiting = { start: () => settle(resolve) }
      const timer = setTimeout(giveUp, limits.queueMs)
      signal.addEventListener('abort', giveUp, { once: true })
      queue.add(waiting)
      if (signal.aborted) giveUp()
    })

  return {
    get full() {
      return total >= limits.concurrent && queue.size >= limits.queue
    },
    async enter(caller, signal) {
      const ofCaller = running.get(caller) ?? 0
      if (ofCaller >= limits.concurrentPerCaller) {
        throw new Refusal(
          429,
          'RATE_LIMITED',
          `You have ${ofCaller} operations running (LIMIT_CONCURRENT_PER_CALLER). Wait for one of them to end.`,
          {
            headers: { 'retry-after': '1' },
            setting: 'LIMIT_CONCURRENT_PER_CALLER',
            limit: limits.concurrentPerCaller,
          },
        )
      }
      if (this.full) throw overloaded()
      // Those who wait count as well, or one caller could fill the queue.
      running.set(caller, ofCaller + 1)
      let left = false
      const end = () => {
        if (left) return
        left = true
        leave(caller)
      }
      if (total < limits.concurrent) {
        total++
        return end
      }
      try {
        await wait(signal)
        return end
      } catch (error) {
        forget(caller)
        throw error
      }
    },
  }
}

export function overloaded(): Refusal {
  return new Refusal(503, 'UNAVAILABLE', 'There is too much to do at the moment. Try again in a few seconds.', {
    headers: { 'retry-after': '2' },
  })
}
