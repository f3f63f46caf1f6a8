import { cancelled, tooLate } from '../errors/database-error.ts'

export interface Deadline {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs?: number
  /** Called when the wait ends before the work does. */
  readonly onGivenUp?: () => void
}

/**
 * Rejects when the signal is aborted or the timeout expires, without waiting for the work.
 *
 * A timer and a listener, not AbortSignal.any and timeout: every look-up has a deadline, and two more signals for each of them
 * cost ten times as much.
 *
 * @throws DatabaseError `timeout` in both cases; otherwise what the work throws
 */
export function withDeadline<T>(work: Promise<T>, { signal, timeoutMs, onGivenUp }: Deadline): Promise<T> {
  if (signal === undefined && timeoutMs === undefined) return work
  return new Promise((resolve, reject) => {
    const giveUp = (reason: Error) => {
      onGivenUp?.()
      reject(reason)
    }
    const abort = () => giveUp(cancelled())
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => giveUp(tooLate(timeoutMs)), timeoutMs)
    const settled = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    signal?.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).then(settled)
    if (signal?.aborted) abort()
  })
}
