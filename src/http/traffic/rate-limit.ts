import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import pg from 'pg'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { SharedCounts } from '../../config/rate-limits.ts'
import type { Settings } from '../../config/settings.ts'
import type { ConnectionConfig } from '../../database/client.ts'
import { answerWithin, Client } from '../../database/client.ts'
import { render } from '../../database/database.ts'
import { pinSearchPath, searchedSchemas } from '../../database/search-path.ts'
import { databaseError } from '../../errors/database-error.ts'
import { Refusal } from '../refusal.ts'

export interface RateLimitOptions {
  /** Cost per principal and minute; undefined disables the limit. */
  readonly costPerMinute: number | undefined
  /** Requests per address and minute; undefined disables the limit. */
  readonly requestsPerMinute: number | undefined
  /** Store that several gateways share; undefined counts in this process only. */
  readonly shared: SharedCounts | undefined
}

/** RateLimit headers of the response. */
export type Allowance = Readonly<Record<string, string>>

export interface RateLimits extends AsyncDisposable {
  /**
   * Counts a request.
   *
   * @param address called only if there is a limit
   * @throws Refusal 429 if the address exceeds its limit
   */
  ofAddress(address: () => string): Promise<unknown>
  /**
   * Counts the cost of an operation.
   *
   * @throws Refusal 429 if the principal exceeds its limit
   */
  ofPrincipal(principal: string, cost: number): Promise<Allowance>
}

const seconds = 60
/**
 * Maximum number of counters in memory. Keys are hashed onto these. In a shared store each 128-bit hash has its own row, which is
 * deleted when its minute is over.
 */
const counters = { address: 65_536, principal: 1_048_576 }

/** @throws DatabaseError if the shared store cannot be opened */
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

/** The pool's search_path is pg_catalog only, so statements qualify the table with this schema. */
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
    // Hashed keys may collide in memory. The secret makes collisions unpredictable to callers.
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
    // While the store is unreachable, each gateway counts on its own.
    insuranceLimiter: memory,
  })
}

/** Timeout for connecting to the store and for its statements. */
const storeMs = 2_000

async function openStore(connection: ConnectionConfig): Promise<Store> {
  const store = new pg.Pool({
    ...connection,
    Client,
    application_name: 'sipis-gateway rate limits',
    max: 4,
    connectionTimeoutMillis: storeMs,
    statement_timeout: storeMs,
    // Covers an unreachable server, which cannot apply statement_timeout.
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

/** Formats headers as defined by draft-ietf-httpapi-ratelimit-headers. */
function allowance(policy: string, limit: number, { consumedPoints, msBeforeNext }: RateLimiterRes): Allowance {
  const left = Math.max(0, limit - consumedPoints)
  return {
    'ratelimit-policy': `"${policy}";q=${limit};w=${seconds}`,
    ratelimit: `"${policy}";r=${left};t=${Math.ceil(msBeforeNext / 1000)}`,
  }
}

function refusal(policy: string, setting: keyof Settings, limit: number, found: RateLimiterRes): Refusal {
  const wait = Math.max(1, Math.ceil(found.msBeforeNext / 1000))
  return new Refusal(429, 'RATE_LIMITED', `Rate limit exceeded (${setting}). Retry in ${wait} seconds.`, {
    headers: { ...allowance(policy, limit, found), 'retry-after': String(wait) },
    setting,
    limit,
  })
}
