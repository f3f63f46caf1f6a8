import { Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { Problem } from '../../errors/problem.ts'
import type { Counters } from './counters.ts'

/** Timeout for connecting to the store. */
const connectMs = 2_000
/** The longest pause between two attempts to connect. */
const pauseMs = 1_000
const prefix = 'sipis-gateway'

/**
 * Counters in Redis, or what speaks its protocol.
 *
 * @param url redis:// or, with TLS, rediss://
 * @throws Problem if the server cannot be used
 */
export async function openRedisCounters(url: string): Promise<Counters> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectMs,
    connectionName: prefix,
    keepAlive: 10_000,
    // A request that finds no connection is counted here alone, instead of waiting.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempts) => Math.min(pauseMs, attempts * 50) * (0.5 + Math.random() / 2),
  })
  // Commands report a lost connection; an error event without a listener would be printed.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
  } catch (error) {
    client.disconnect()
    throw problemOf(error)
  }
  return {
    limiter: (name, points, duration) =>
      new RateLimiterRedis({ storeClient: client, keyPrefix: `${prefix}:${name}`, points, duration }),
    probe: () => client.set(`${prefix}:probe`, '0', 'EX', 60),
    reconnect: () => client.disconnect(true),
    async close() {
      client.disconnect()
    },
  }
}

function problemOf(error: unknown): Problem {
  const reason = error instanceof Error ? error.message : String(error)
  return new Problem(
    `The store of RATE_LIMIT_STORE_URL cannot be used: ${reason}. Start Redis, or correct host, port, user and password.`,
  )
}
