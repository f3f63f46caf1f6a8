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
  readonly isFirst: boolean
  readonly start: () => void
}

/** Of the places, so much is open to the second and further operations of a caller. */
const shareOfFurther = 0.75

/**
 * Lets so many operations run at once. As many more wait for a moment; the rest is refused. A caller that has none running finds
 * a place also where a few callers have many long ones.
 */
export function openAdmission(limits: AdmissionLimits): Admission {
  // Where callers have no bound they are one.
  const isShared = limits.concurrentPerCaller !== Number.POSITIVE_INFINITY
  const ofFurther = isShared ? Math.ceil(limits.concurrent * shareOfFurther) : limits.concurrent
  const running = new Map<string, number>()
  const queue = new Set<Waiting>()
  let total = 0

  const forget = (caller: string) => {
    const left = (running.get(caller) ?? 1) - 1
    if (left > 0) running.set(caller, left)
    else running.delete(caller)
  }

  const isFree = (isFirst: boolean) => total < (isFirst ? limits.concurrent : ofFurther)

  const leave = (caller: string) => {
    forget(caller)
    total--
    // The one that has waited longest comes first.
    const next = [...queue].find(({ isFirst }) => isFree(isFirst))
    if (next === undefined) return
    total++
    next.start()
  }

  const wait = (isFirst: boolean, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => {
        queue.delete(waiting)
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        done()
      }
      const giveUp = () => settle(() => reject(overloaded()))
      const waiting = { isFirst, start: () => settle(resolve) }
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
      const isFirst = ofCaller === 0
      if (!isFree(isFirst) && queue.size >= limits.queue) throw overloaded()
      // Those who wait count as well, or one caller could fill the queue.
      running.set(caller, ofCaller + 1)
      let left = false
      const end = () => {
        if (left) return
        left = true
        leave(caller)
      }
      if (isFree(isFirst)) {
        total++
        return end
      }
      try {
        await wait(isFirst, signal)
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
