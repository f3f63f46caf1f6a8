import { createShare } from '../../concurrency/share.ts'
import type { Limits } from '../../config/limits-interface.ts'
import type { Observe } from '../../telemetry/observation.ts'
import type { Receiver } from '../receiver.ts'
import { Refusal } from '../refusal.ts'

export interface Admission {
  /** Whether the next operation of this caller would be rejected. Checked before reading a request body. */
  isFull(caller: string): boolean
  /**
   * Waits for an admission slot.
   *
   * @returns a function that frees the slot; see leaveAfter
   * @throws Refusal 429 if the caller has too many operations, 503 if the queue is full or the wait takes too long
   */
  enter(caller: string, ending: Ending): Leave | Promise<Leave>
}

type Leave = () => void

/** When a wait for a slot ends. The signal is asked for only if there is a wait. */
interface Ending {
  readonly isOver: boolean
  readonly signal: AbortSignal
}

/**
 * Frees a slot when the operation has ended, at the call of this, and its response has closed: an answer that is not read takes as
 * much memory as one that is made.
 */
export function leaveAfter(receiver: Receiver, leave: () => void): void {
  // 'close' is not emitted again for a caller that has disconnected meanwhile.
  if (receiver.closed || receiver.destroyed) leave()
  else receiver.on('close', leave)
}

type AdmissionLimits = Pick<Limits, 'concurrent' | 'concurrentPerCaller' | 'queue' | 'queueMs'>

/** Fraction of the slots that callers with running operations may use; the rest is for callers without one. */
const shareOfFurther = 0.75

/**
 * Limits concurrent operations. Further operations wait in a bounded queue; beyond that they are rejected. Reserved slots let a
 * caller without running operations start one while other callers run many long ones.
 */
export function createAdmission(limits: AdmissionLimits, observe: Observe): Admission {
  const { concurrent, concurrentPerCaller } = limits
  // Without a limit per caller, all requests count as one caller.
  const isShared = concurrentPerCaller !== Number.POSITIVE_INFINITY
  const places = createShare(
    {
      total: concurrent,
      ofFurther: isShared ? Math.ceil(concurrent * shareOfFurther) : concurrent,
      perCaller: concurrentPerCaller,
      maxWaiting: limits.queue,
      maxWaitMs: limits.queueMs,
    },
    { full: overloaded, givenUp: overloaded },
    (running, waiting) => observe({ kind: 'admissionChanged', running, waiting }),
  )
  return {
    isFull: places.isFull,
    enter(caller, ending) {
      // Waiting operations count too, or one caller could fill the queue.
      const ofCaller = places.of(caller)
      if (ofCaller >= concurrentPerCaller) throw tooMany(ofCaller, concurrentPerCaller)
      if (ending.isOver) throw overloaded()
      return places.enterAtOnce(caller) ?? places.enter(caller, ending.signal)
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
  return new Refusal(503, 'UNAVAILABLE', 'The gateway is overloaded. Retry in a few seconds.', {
    headers: { 'retry-after': '2' },
  })
}
