import { withDeadline } from '../../concurrency/deadline.ts'
import type { Receiver } from '../receiver.ts'
import { Refusal } from '../refusal.ts'

/** The time that the gateway may take for one request. */
export interface RequestDeadline extends Disposable {
  /** Aborted when the time is up, or when the connection closes before the response. */
  readonly signal: AbortSignal
  /**
   * Waits for a work of the gateway.
   *
   * @throws Refusal 503 if the time is up before
   */
  wait<T>(work: Promise<T>): Promise<T>
  /** Waits for the client, for which other limits hold: the clock stands still. */
  waitForClient<T>(work: Promise<T>): Promise<T>
}

export function deadlineOf(receiver: Receiver, ms: number): RequestDeadline {
  const ending = new AbortController()
  const { signal } = ending
  const end = () => ending.abort()
  let left = ms
  let startedAt = performance.now()
  let timer = setTimeout(end, left)
  receiver.on('close', end)
  // 'close' is not emitted again for a caller that has disconnected already.
  if (receiver.destroyed) end()
  return {
    signal,
    wait: (work) =>
      withDeadline(work, { signal }).catch((error: unknown) => {
        // A refusal is what the work found out in time.
        throw signal.aborted && !(error instanceof Refusal) ? outOfTime() : error
      }),
    async waitForClient(work) {
      clearTimeout(timer)
      left -= performance.now() - startedAt
      try {
        return await work
      } finally {
        startedAt = performance.now()
        timer = setTimeout(end, left)
      }
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      receiver.off('close', end)
    },
  }
}

function outOfTime(): Refusal {
  return new Refusal(
    503,
    'UNAVAILABLE',
    'The gateway could not begin in time (LIMIT_OPERATION_MS). Retry in 5 seconds.',
    {
      headers: { 'retry-after': '5' },
      setting: 'LIMIT_OPERATION_MS',
    },
  )
}
