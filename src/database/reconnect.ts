/** How connections are made to a server that may be gone, or may not answer. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Limits the attempts to connect while they fail. */
export interface ReconnectGate {
  /**
   * Runs an attempt. While attempts fail, there is one at a time, after a pause; other callers share its failure, or connect after
   * its success.
   */
  run<T>(attempt: () => Promise<T>): Promise<T>
}

/** The longest pause is what the first success can be late by. */
const pauses = { firstMs: 20, mostMs: 250 }

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

/** Jitter keeps the lanes of many gateways from connecting in step. */
function pauseMs(failures: number): number {
  const most = Math.min(pauses.mostMs, pauses.firstMs * 2 ** Math.min(failures, 10))
  return most / 2 + (Math.random() * most) / 2
}

/** After so long an attempt that has not failed gets a second one beside it. */
const hedgeMs = 1_000

/**
 * Connects. Where an attempt hangs, another one is made beside it every second, because the kernel goes on with the first for minutes
 * although the network is back. The first one to end decides; each has its own bound, so there are only a few.
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
