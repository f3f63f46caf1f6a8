/** Where several gateways share their counts. */
import type { StoreTarget } from '../../config/rate-limits.ts'
import { databaseError } from '../../errors/database-error.ts'
import { Problem } from '../../errors/problem.ts'
import type { Observe } from '../../telemetry/observation.ts'
import type { Breaker } from './breaker.ts'
import { createBreaker } from './breaker.ts'
import type { Counters } from './counters.ts'
import { openPostgresCounters } from './postgres-counters.ts'

export interface RateStore extends AsyncDisposable {
  limiter: Counters['limiter']
  /** Runs a work on the store; undefined while the store is away. */
  readonly run: Breaker['run']
}

/** A request waits no longer for the store; then it is counted here alone. */
const answerMs = 500
const probeEveryMs = 3_000

/** @throws DatabaseError or Problem if the store cannot be opened */
export async function openRateStore(target: StoreTarget, observe: Observe): Promise<RateStore> {
  const counters = await openCounters(target)
  const breaker = createBreaker({
    timeoutMs: answerMs,
    probeEveryMs,
    probe: () => counters.probe(),
    onLost(error) {
      observe({ kind: 'rateStoreLost', code: databaseError(error).code, message: error.message })
      // Connections that have gone silent would fail each probe in turn.
      counters.reconnect()
    },
    onBack: () => observe({ kind: 'rateStoreBack' }),
  })
  return {
    limiter: counters.limiter,
    run: breaker.run,
    async [Symbol.asyncDispose]() {
      breaker[Symbol.dispose]()
      await counters.close()
    },
  }
}

async function openCounters(target: StoreTarget): Promise<Counters> {
  try {
    if (!('redis' in target)) return await openPostgresCounters(target.connection)
    // Loaded only where it is used, because it delays the start.
    const { openRedisCounters } = await import('./redis-counters.ts')
    return await openRedisCounters(target.redis)
  } catch (error) {
    throw error instanceof Problem ? error : databaseError(error)
  }
}
