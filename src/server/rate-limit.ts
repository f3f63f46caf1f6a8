import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import pg from 'pg'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import { databaseError } from '../database/database-error.ts'
import { Refusal } from './refusal.ts'

export interface RateLimitOptions {
  /** Cost that one principal may ask for in a minute; undefined is no limit. */
  readonly costPerMinute: number | undefined
  /** Requests that one address may send in a minute; undefined is no limit. */
  readonly requestsPerMinute: number | undefined
  /** Where several gateways share their counts; undefined counts in this process alone. */
  readonly shared: SharedCounts | undefined
}

export interface SharedCounts {
  readonly connection: pg.ClientConfig
  /** Keys the hashes of addresses and names. Gateways that share counts have the same one. */
  readonly secret: string
}

/** What the caller is told of its allowance, as headers. */
export type Allowance = Readonly<Record<string, string>>

export interface RateLimits extends AsyncDisposable {
  /** Counts a request. Fails with a Refusal where the address has sent too many. It is worked out only where there is a limit. */
  ofAddress(address: () => string): Promise<unknown>
  /** Counts what an operation costs. Fails with a Refusal where the principal has asked for too much. */
  ofPrincipal(principal: string, cost: number): Promise<Allowance>
}

const seconds = 60
/**
 * The most counters in memory, however many addresses callers have and however many devices there are. In a shared store each
 * key has a row of its own, because a collision of 128 bits is not found; rows are deleted when their minute is over.
 */
const counters = { address: 65_536, principal: 1_048_576 }

export async function openRateLimits(options: RateLimitOptions): Promise<RateLimits> {
  const store = options.shared === undefined ? undefined : await openStore(options.shared.connection)
  const addresses = counter('address', 'RATE_LIMIT_REQUESTS', options.requestsPerMinute, store, options.shared?.secret)
  const principals = counter('principal', 'RATE_LIMIT_COST', options.costPerMinute, store, options.shared?.secret)
  return {
    ofAddress: (address) => addresses(address, 1),
    ofPrincipal: (principal, cost) => principals(() => principal, cost),
    async [Symbol.asyncDispose]() {
      await store?.end()
    },
  }
}

type Count = (key: () => string, points: number) => Promise<Allowance>

function counter(
  policy: keyof typeof counters,
  setting: string,
  limit: number | undefined,
  store: pg.Pool | undefined,
  secret: string = randomBytes(32).toString('hex'),
): Count {
  if (limit === undefined) return async () => ({})
  const limits = limiter(policy, limit, store)
  const digest = (key: string) => createHmac('sha256', secret).update(`${policy} ${key}`).digest()
  const known = new LRUCache<string, string>({
    max: 1_000,
    // In memory keys share a bounded number of counters; the secret makes collisions unpredictable to callers.
    memoMethod: (key) =>
      store === undefined ? String(digest(key).readUInt32BE() % counters[policy]) : digest(key).toString('hex', 0, 16),
  })
  return async (key, points) => {
    const found = await consume(limits, known.memo(key()), points)
    if (found.consumedPoints > limit) throw refusal(policy, setting, limit, found)
    return allowance(policy, limit, found)
  }
}

async function consume(limits: RateLimiterAbstract, key: string, points: number): Promise<RateLimiterRes> {
  try {
    return await limits.consume(key, points)
  } catch (error) {
    if (error instanceof RateLimiterRes) return error
    throw error
  }
}

function limiter(keyPrefix: string, points: number, store: pg.Pool | undefined): RateLimiterAbstract {
  const memory = new RateLimiterMemory({ keyPrefix, points, duration: seconds })
  if (store === undefined) return memory
  return new RateLimiterPostgres({
    storeClient: store,
    keyPrefix,
    points,
    duration: seconds,
    tableName: 'sipis_gateway_rate_limits',
    tableCreated: true,
    clearExpiredByTimeout: true,
    // While the store cannot be reached, each gateway counts alone.
    insuranceLimiter: memory,
  })
}

async function openStore(connection: pg.ClientConfig): Promise<pg.Pool> {
  const store = new pg.Pool({
    ...connection,
    application_name: 'sipis-gateway rate limits',
    max: 4,
    connectionTimeoutMillis: 2_000,
    statement_timeout: 2_000,
  })
  store.on('error', () => undefined)
  try {
    await store.query(`CREATE TABLE IF NOT EXISTS sipis_gateway_rate_limits
    (key varchar(255) PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint)`)
  } catch (error) {
    await store.end()
    throw databaseError(error)
  }
  return store
}

/** draft-ietf-httpapi-ratelimit-headers */
function allowance(policy: string, limit: number, { consumedPoints, msBeforeNext }: RateLimiterRes): Allowance {
  const left = Math.max(0, limit - consumedPoints)
  return {
    'ratelimit-policy': `"${policy}";q=${limit};w=${seconds}`,
    ratelimit: `"${policy}";r=${left};t=${Math.ceil(msBeforeNext / 1000)}`,
  }
}

function refusal(policy: string, setting: string, limit: number, found: RateLimiterRes): Refusal {
  const wait = Math.max(1, Math.ceil(found.msBeforeNext / 1000))
  return new Refusal(
    429,
    'RATE_LIMITED',
    `Too much was asked for in this minute (${setting}). Try again in ${wait} seconds.`,
    {
      headers: { ...allowance(policy, limit, found), 'retry-after': String(wait) },
      setting,
      limit,
    },
  )
}
