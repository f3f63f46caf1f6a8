import { connectFailure } from '../errors/database-error.ts'
import type { Observe } from '../telemetry/observation.ts'

/**
 * Connects, and emits an observation on failure.
 *
 * @throws DatabaseError `unavailable`
 */
export async function observedConnect<T>(observe: Observe, lane: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect()
  } catch (error) {
    const failure = connectFailure(error)
    observe({ kind: 'connectionFailed', lane, code: failure.code, message: failure.message })
    throw failure
  }
}
