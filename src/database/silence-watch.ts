/** Detects a server that has stopped answering. */
export interface SilenceWatch {
  /** Called when a batch is sent. */
  sent(): void
  /** Called when the server has settled a statement. */
  progress(): void
  /** Called when the whole batch is settled. */
  ended(): void
  /** Whether no batch is pending. */
  readonly isIdle: boolean
}

/**
 * Calls `onSilent` when statements are pending and none has been settled for `limitMs`. The server limits each statement, so a longer
 * silence means that the connection is dead, even if the kernel reports no error for a half-open connection.
 */
export function createSilenceWatch(limitMs: number, onSilent: () => void): SilenceWatch {
  let pending = 0
  let progressAt = 0
  let timer: NodeJS.Timeout | undefined

  const check = () => {
    timer = undefined
    if (pending === 0) return
    const leftMs = progressAt + limitMs - performance.now()
    if (leftMs <= 0) onSilent()
    else timer = setTimeout(check, leftMs)
  }

  return {
    sent() {
      if (pending === 0) progressAt = performance.now()
      pending++
      timer ??= setTimeout(check, limitMs)
    },
    progress() {
      progressAt = performance.now()
    },
    ended() {
      pending--
      if (pending > 0) return
      clearTimeout(timer)
      timer = undefined
    },
    get isIdle() {
      return pending === 0
    },
  }
}
