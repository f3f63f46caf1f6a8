import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import pg from 'pg'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { SharedCounts } from '../config/rate-limits.ts'
import type { Settings } from '../config/settings.ts'
import type { ConnectionConfig } from '../database/client.ts'
import { answerWithin, Client } from '../database/client.ts'
import { render } from '../database/database.ts'
import { databaseError } from '../database/database-error.ts'
import { pinSearchPath, searchedSchemas } from '../database/search-path.ts'
import { Refusal } from './refusal.ts'

export interface RateLimitOptions {
  /** Cost that one principal may ask for in a minute; undefined is no limit. */
  readonly costPerMinute: number | undefined
  /** Requests that one address may send in a minute; undefined is no limit. */
  readonly requestsPerMinute: number | undefined
  /** Where several gateways share their counts; undefined counts in this process alone. */
  readonly shared: SharedCounts | undefined
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
      await store?.pool.end()
    },
  }
}

/** The pool searches pg_catalog alone, so the table is named with its schema. */
interface Store {
  readonly pool: pg.Pool
  readonly schema: string
}

const tableName = 'sipis_gateway_rate_limits'

type Count = (key: () => string, points: number) => Promise<Allowance>

function counter(
  policy: keyof typeof counters,
  setting: keyof Settings,
  limit: number | undefined,
  store: Store | undefined,
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

function limiter(keyPrefix: string, points: number, store: Store | undefined): RateLimiterAbstract {
  const memory = new RateLimiterMemory({ keyPrefix, points, duration: seconds })
  if (store === undefined) return memory
  return new RateLimiterPostgres({
    storeClient: store.pool,
    schemaName: store.schema.replaceAll('"', '""'),
    keyPrefix,
    points,
    duration: seconds,
    tableName,
    tableCreated: true,
    clearExpiredByTimeout: true,
    // While the store cannot be reached, each gateway counts alone.
    insuranceLimiter: memory,
  })
}

/** How long the store may take to connect, and to answer. */
const storeMs = 2_000

async function openStore(connection: ConnectionConfig): Promise<Store> {
  const store = new pg.Pool({
    ...connection,
    Client,
    application_name: 'sipis-gateway rate limits',
    max: 4,
    connectionTimeoutMillis: storeMs,
    statement_timeout: storeMs,
    // A server that is gone does not end its statements.
    query_timeout: 2 * storeMs,
    onConnect: async (client) => void (await answerWithin(client, storeMs, client.query(pinSearchPath))),
  })
  store.on('error', () => undefined)
  try {
    const { rows } = await store.query<{ schema: string | null }>(
      `SELECT (${render(searchedSchemas).text})[1] AS schema`,
    )
    const schema = rows[0]?.schema ?? 'public'
    await store.query(`CREATE TABLE IF NOT EXISTS ${pg.escapeIdentifier(schema)}.${tableName}
    (key varchar(255) PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint)`)
    return { pool: store, schema }
  } catch (error) {
    await store.end()
    throw databaseError(error)
  }
}

/** draft-ietf-httpapi-ratelimit-headers */
function allowance(policy: string, limit: number, { consumedPoints, msBeforeNext }: RateLimiterRes): Allowance {
  const left = Math.max(0, limit - consumedPoints)
  return {
    'ratelimit-policy': `"${policy}";q=${limit};w=${seconds}`,
    ratelimit: `"${policy}";r=${left};t=${Math.ceil(msBeforeNext / 1000)}`,
  }
}

function refusal(policy: string, setting: keyof Settings, limit: number, found: RateLimiterRes): Refusal {
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
