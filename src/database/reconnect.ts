/** Connects to a server that may be down or may not answer. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Limits the attempts to connect while they fail. */
export interface ReconnectGate {
  /**
   * Runs an attempt. While attempts fail, one runs at a time, after a pause; other callers wait for it, then share its failure or
   * connect after its success.
   */
  run<T>(attempt: () => Promise<T>): Promise<T>
}

/** The longest pause bounds how late a recovered server is noticed. */
const pauses = { firstMs: 20, maxMs: 250 }

export function createReconnectGate(): ReconnectGate {
  let failures = 0
  let probe: Promise<unknown> | undefined

  const counted = async <T>(attempt: () => Promise<T>): Promise<T> => {
    try {
      const connection = await attempt()
      failures = 0
      return connection
    } catch (error) {
      failures++
      throw error
    }
  }
  const probed = async <T>(attempt: () => Promise<T>): Promise<T> => {
    const probing = sleep(pauseMs(failures)).then(() => counted(attempt))
    probe = probing
    try {
      return await probing
    } finally {
      probe = undefined
    }
  }

  return {
    async run(attempt) {
      if (failures === 0) return counted(attempt)
      if (probe === undefined) return probed(attempt)
      await probe
      return counted(attempt)
    },
  }
}

/** Exponential backoff. Jitter keeps the lanes of several gateways from connecting at the same time. */
function pauseMs(failures: number): number {
  const longest = Math.min(pauses.maxMs, pauses.firstMs * 2 ** Math.min(failures, 10))
  return longest / 2 + (Math.random() * longest) / 2
}

/** Interval at which further attempts start while the earlier ones are pending. */
const hedgeMs = 1_000

/**
 * Connects with hedged attempts: while attempts hang, another one starts every second, because the kernel retries the first for minutes
 * even if the network is back. The first attempt to settle decides. Each has a time limit, which bounds their number.
 *
 * @param close called with connections that are established too late
 */
export function connectHedged<T>(connect: () => Promise<T>, close: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let isDone = false
    let timer: NodeJS.Timeout | undefined
    const done = (end: () => void) => {
      isDone = true
      clearTimeout(timer)
      end()
    }
    const start = () => {
      timer = setTimeout(start, hedgeMs)
      connect().then(
        (connection) => (isDone ? close(connection) : done(() => resolve(connection))),
        (error: unknown) => done(() => reject(error)),
      )
    }
    start()
  })
}
