import type { Limits } from '../limits/limits.ts'
import { openShare, openTally } from '../share.ts'
import { Refusal } from './refusal.ts'

export interface Admission {
  /** Whether the next operation of this caller would be turned away: worth knowing before its body is read. */
  isFull(caller: string): boolean
  /** Resolves when the operation may run, with what has to be called at its end. Fails with a Refusal. */
  enter(caller: string, signal: AbortSignal): Promise<() => void>
}

type AdmissionLimits = Pick<Limits, 'concurrent' | 'concurrentPerCaller' | 'queue' | 'queueMs'>

/** Of the places, so much is open to callers that have an operation running already. */
const shareOfFurther = 0.75

/**
 * Lets so many operations run at once. As many more wait for a moment; the rest is refused. A caller that has none running finds
 * a place also where a few callers have many long ones.
 */
export function openAdmission(limits: AdmissionLimits): Admission {
  const { concurrent, concurrentPerCaller } = limits
  // Where callers have no bound they are one.
  const isShared = concurrentPerCaller !== Number.POSITIVE_INFINITY
  const places = openShare(
    {
      total: concurrent,
      ofFurther: isShared ? Math.ceil(concurrent * shareOfFurther) : concurrent,
      perCaller: concurrentPerCaller,
      maxWaiting: limits.queue,
      maxWaitMs: limits.queueMs,
    },
    { full: overloaded, givenUp: overloaded },
  )
  /** Running and waiting ones, or one caller could fill the queue. */
  const asked = openTally()
  return {
    isFull: places.isFull,
    async enter(caller, signal) {
      const ofCaller = asked.of(caller)
      if (ofCaller >= concurrentPerCaller) throw tooMany(ofCaller, concurrentPerCaller)
      asked.add(caller)
      try {
        const leave = await places.enter(caller, signal)
        return () => {
          asked.remove(caller)
          leave()
        }
      } catch (error) {
        asked.remove(caller)
        throw error
      }
    },
  }
}

function tooMany(ofCaller: number, limit: number): Refusal {
  return new Refusal(
    429,
    'RATE_LIMITED',
    `You have ${ofCaller} operations running (LIMIT_CONCURRENT_PER_CALLER). Wait for one of them to end.`,
    { headers: { 'retry-after': '1' }, setting: 'LIMIT_CONCURRENT_PER_CALLER', limit },
  )
}

export function overloaded(): Refusal {
  return new Refusal(503, 'UNAVAILABLE', 'There is too much to do at the moment. Try again in a few seconds.', {
    headers: { 'retry-after': '2' },
  })
}
