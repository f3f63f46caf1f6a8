import { withDeadline } from '../../concurrency/deadline.ts'

/** Stops asking a part that does not answer, so that requests do not wait for it, and finds out when it does again. */
export interface Breaker extends Disposable {
  /**
   * Runs a work of the part.
   *
   * @returns undefined while the part is away, or if the work fails or takes too long; then the part counts as away
   */
  run<T>(work: () => Promise<T>): Promise<T | undefined>
}

export interface BreakerOptions {
  readonly timeoutMs: number
  /** Looks whether the part is back; it bounds itself. */
  readonly probe: () => Promise<unknown>
  readonly probeEveryMs: number
  /** Called once when the part goes away. */
  readonly onLost: (error: Error) => void
  readonly onBack: () => void
}

export function createBreaker({ timeoutMs, probe, probeEveryMs, onLost, onBack }: BreakerOptions): Breaker {
  let isAway = false
  let isClosed = false
  let probing: NodeJS.Timeout | undefined
  const back = () => {
    isAway = false
    if (!isClosed) onBack()
  }
  const probeLater = () => {
    if (isClosed) return
    probing = setTimeout(() => void probe().then(back, probeLater), probeEveryMs).unref()
  }
  const lost = (error: unknown) => {
    if (isAway || isClosed) return
    isAway = true
    onLost(error instanceof Error ? error : new Error(String(error)))
    probeLater()
  }
  return {
    async run(work) {
      if (isAway) return undefined
      try {
        return await withDeadline(work(), { signal: undefined, timeoutMs })
      } catch (error) {
        lost(error)
        return undefined
      }
    },
    [Symbol.dispose]() {
      isClosed = true
      clearTimeout(probing)
    },
  }
}
