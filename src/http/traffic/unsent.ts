import type { Limits } from '../../config/limits-interface.ts'
import type { Observe } from '../../telemetry/observation.ts'
import type { Receiver } from '../receiver.ts'
import { Refusal } from '../refusal.ts'
import { createCallerCounts } from './caller-counts.ts'

/** Answers that their clients have not read yet. Each is held in memory as a whole until it has left. */
export interface Unsent {
  /**
   * Checked before an operation runs.
   *
   * @throws Refusal 429 if the caller has too many bytes of answers unread, 503 if all callers together have
   */
  check(caller: string): void
  /** Counts the bytes of an answer until its response closes. */
  add(caller: string, receiver: Receiver, bytes: number): void
}

export function createUnsent(
  { unsentBytes, unsentBytesPerCaller }: Pick<Limits, 'unsentBytes' | 'unsentBytesPerCaller'>,
  observe: Observe,
): Unsent {
  const unread = createCallerCounts((total) => observe({ kind: 'unsentBytes', total }))
  return {
    check(caller) {
      const ofCaller = unread.of(caller)
      if (ofCaller >= unsentBytesPerCaller) throw tooMuch(ofCaller, unsentBytesPerCaller)
      if (unread.total >= unsentBytes) throw full()
    },
    add(caller, receiver, bytes) {
      // 'close' is not emitted again for a caller that has disconnected already.
      if (receiver.closed || receiver.destroyed) return
      unread.add(caller, bytes)
      receiver.on('close', () => unread.add(caller, -bytes))
    },
  }
}

function tooMuch(bytes: number, limit: number): Refusal {
  return new Refusal(
    429,
    'RATE_LIMITED',
    `You have not read ${bytes} bytes of earlier answers (LIMIT_UNSENT_BYTES_PER_CALLER). Read them first.`,
    { headers: { 'retry-after': '1' }, setting: 'LIMIT_UNSENT_BYTES_PER_CALLER', limit },
  )
}

function full(): Refusal {
  return new Refusal(
    503,
    'UNAVAILABLE',
    'Too many answers wait to be read (LIMIT_UNSENT_BYTES). Retry in a few seconds.',
    { headers: { 'retry-after': '2' }, setting: 'LIMIT_UNSENT_BYTES' },
  )
}
