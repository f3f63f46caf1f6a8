import { cancelled, tooLate } from './database-error.ts'

export interface Patience {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs?: number
  /** Called where the work is not waited for any more. */
  readonly onGivenUp?: () => void
}

/** Whoever has gone away, or has waited long enough, does not wait for a connection, nor for the end of a statement. */
export function withPatience<T>(work: Promise<T>, { signal, timeoutMs, onGivenUp }: Patience): Promise<T> {
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
