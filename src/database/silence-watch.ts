/** Notices a server that has stopped answering. */
export interface SilenceWatch {
  /** Statements were sent. */
  sent(): void
  /** The server has settled a statement. */
  progress(): void
  /** The batch that was sent is settled as a whole. */
  ended(): void
  /** Whether nothing is under way. */
  readonly isIdle: boolean
}

/**
 * Calls `onSilent` once statements are under way and none of them has been settled for `limitMs`. The server bounds each statement, so
 * a longer silence means that the connection is dead, whatever the kernel believes: a half-open connection reports no error.
 */
export function createSilenceWatch(limitMs: number, onSilent: () => void): SilenceWatch {
  let underWay = 0
  let progressAt = 0
  let timer: NodeJS.Timeout | undefined

  const check = () => {
    timer = undefined
    if (underWay === 0) return
    const leftMs = progressAt + limitMs - performance.now()
    if (leftMs <= 0) onSilent()
    else timer = setTimeout(check, leftMs)
  }

  return {
    sent() {
      if (underWay === 0) progressAt = performance.now()
      underWay++
      timer ??= setTimeout(check, limitMs)
    },
    progress() {
      progressAt = performance.now()
    },
    ended() {
      underWay--
      if (underWay > 0) return
      clearTimeout(timer)
      timer = undefined
    },
    get isIdle() {
      return underWay === 0
    },
  }
}
