import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { RateLimiterRes } from 'rate-limiter-flexible'
import type { SharedCounts } from '../../config/rate-limits.ts'
import type { Settings } from '../../config/settings.ts'
import type { Observe } from '../../telemetry/observation.ts'
import { ignore } from '../../telemetry/observation.ts'
import { Refusal } from '../refusal.ts'
import type { RateStore } from './rate-store.ts'
import { openRateStore } from './rate-store.ts'
import type { Counted } from './windows.ts'
import { createWindows } from './windows.ts'

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

/** Answers at once unless the counts are shared, and then rejects a promise instead of throwing. */
export interface RateLimits extends AsyncDisposable {
  /**
   * Counts a request.
   *
   * @param address called only if there is a limit
   * @param requests how many it counts as; 1 by default
   * @throws Refusal 429 if the address exceeds its limit
   */
  ofAddress(address: () => string, requests?: number): unknown
  /**
   * Counts the cost of an operation.
   *
   * @throws Refusal 429 if the principal exceeds its limit
   */
  ofPrincipal(principal: string, cost: number): Allowance | Promise<Allowance>
}

const seconds = 60
/**
 * Maximum number of counters in memory. Keys are hashed onto these. In a shared store each 128-bit hash has its own row, which is
 * deleted when its minute is over.
 */
const counters = { address: 65_536, principal: 1_048_576 }

/** @throws DatabaseError if the shared store cannot be opened */
export async function openRateLimits(options: RateLimitOptions, observe: Observe = ignore): Promise<RateLimits> {
  const store = options.shared === undefined ? undefined : await openRateStore(options.shared.target, observe)
  const addresses = counter('address', 'RATE_LIMIT_REQUESTS', options.requestsPerMinute, store, options.shared?.secret)
  const principals = counter('principal', 'RATE_LIMIT_COST', options.costPerMinute, store, options.shared?.secret)
  return {
    ofAddress: (address, requests = 1) => addresses(address, requests),
    ofPrincipal: (principal, cost) => principals(() => principal, cost),
    async [Symbol.asyncDispose]() {
      await store?.[Symbol.asyncDispose]()
    },
  }
}

type Count = (key: () => string, points: number) => Allowance | Promise<Allowance>

function counter(
  policy: keyof typeof counters,
  setting: keyof Settings,
  limit: number | undefined,
  store: RateStore | undefined,
  secret: string = randomBytes(32).toString('hex'),
): Count {
  if (limit === undefined) return () => noAllowance
  const countHere = createWindows(seconds)
  const shared = store?.limiter(policy, limit, seconds)
  const known = new LRUCache<string, Buffer>({
    max: 1_000,
    memoMethod: (key) => createHmac('sha256', secret).update(`${policy} ${key}`).digest(),
  })
  const allowed = (found: Counted): Allowance | Promise<Allowance> =>
    found.consumedPoints > limit
      ? Promise.reject(refusal(policy, setting, limit, found))
      : allowance(policy, limit, found)
  const countShared = async (limits: RateLimiterAbstract, digest: Buffer, points: number) => {
    const found = await store?.run(() => consume(limits, sharedKey(digest), points))
    // While the store is away, each gateway counts on its own.
    return allowed(found ?? countHere(localKey(digest, policy), points))
  }
  return (key, points) => {
    const digest = known.memo(key())
    return shared === undefined
      ? allowed(countHere(localKey(digest, policy), points))
      : countShared(shared, digest, points)
  }
}

const noAllowance: Allowance = {}

const sharedKey = (digest: Buffer) => digest.toString('hex', 0, 16)

/** Hashed keys may collide in memory. The secret makes collisions unpredictable to callers. */
const localKey = (digest: Buffer, policy: keyof typeof counters) => digest.readUInt32BE() % counters[policy]

async function consume(limits: RateLimiterAbstract, key: string, points: number): Promise<Counted> {
  try {
    return await limits.consume(key, points)
  } catch (error) {
    if (error instanceof RateLimiterRes) return error
    throw error
  }
}

/** Formats headers as defined by draft-ietf-httpapi-ratelimit-headers. */
function allowance(policy: string, limit: number, { consumedPoints, msBeforeNext }: Counted): Allowance {
  const left = Math.max(0, limit - consumedPoints)
  return {
    'ratelimit-policy': `"${policy}";q=${limit};w=${seconds}`,
    ratelimit: `"${policy}";r=${left};t=${Math.ceil(msBeforeNext / 1000)}`,
  }
}

function refusal(policy: string, setting: keyof Settings, limit: number, found: Counted): Refusal {
  const wait = Math.max(1, Math.ceil(found.msBeforeNext / 1000))
  return new Refusal(429, 'RATE_LIMITED', `Rate limit exceeded (${setting}). Retry in ${wait} seconds.`, {
    headers: { ...allowance(policy, limit, found), 'retry-after': String(wait) },
    setting,
    limit,
  })
}
