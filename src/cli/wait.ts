import { setTimeout as sleep } from 'node:timers/promises'
import { Unreachable } from '../database/connect-problem.ts'

const pauseMs = 1_000

/**
 * Repeats an attempt until the database can be reached.
 *
 * @param onWait called once, with what is wrong
 * @returns undefined if `stopped` resolves before
 * @throws what the attempt throws for another reason
 */
export async function untilReachable<T>(
  attempt: () => Promise<T>,
  stopped: Promise<unknown>,
  onWait: (reason: string) => void,
): Promise<T | undefined> {
  const isStopped = stopped.then(() => true)
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (isFirst) onWait(error.message)
      if (await Promise.race([isStopped, sleep(pauseMs, false)])) return undefined
    }
  }
}
