import type { ConnectionConfig } from '../database/client.ts'
import { Problem } from '../errors/problem.ts'
import { parseConnectionString } from './connection-string.ts'
import type { Environment } from './environment.ts'
import type { ValuesOf } from './setting.ts'
import { rateLimitSettings } from './settings/rate-limits.ts'

type Given = ValuesOf<typeof rateLimitSettings>

/** A PostgreSQL database, or the URL of a Redis server. */
export type StoreTarget = { readonly connection: ConnectionConfig } | { readonly redis: string }

export interface SharedCounts {
  readonly target: StoreTarget
  /** Key of the hashes of addresses and names. Gateways that share counts have the same one. */
  readonly secret: string
}

/** Undefined means no limit. */
export interface RateConfig {
  readonly costPerMinute: number | undefined
  readonly requestsPerMinute: number | undefined
}

/** Without authentication there is one caller, on this machine, so there is no limit unless it is set. */
export function ratesOf(given: Given, open: boolean): RateConfig {
  const { RATE_LIMIT_COST: cost, RATE_LIMIT_REQUESTS: requests } = rateLimitSettings
  return {
    costPerMinute: given.RATE_LIMIT_COST ?? (open ? undefined : cost.withAuthentication),
    requestsPerMinute: given.RATE_LIMIT_REQUESTS ?? (open ? undefined : requests.withAuthentication),
  }
}

/** Where gateways share their counts; undefined if each counts alone. */
export function rateStoreOf(
  { RATE_LIMIT_STORE_URL: url, RATE_LIMIT_SECRET: secret }: Given,
  environment: Environment,
): SharedCounts | undefined {
  if (url === undefined) return undefined
  const target = targetOf(url, environment)
  if (secret !== undefined) return { target, secret }
  throw new Problem(
    'RATE_LIMIT_STORE_URL is set without RATE_LIMIT_SECRET, so callers could predict which of them share a counter. ' +
      'Set it to the same text for all gateways: openssl rand -hex 32 makes a good one.',
  )
}

function targetOf(url: string, environment: Environment): StoreTarget {
  if (!/^rediss?:/i.test(url)) return { connection: parseConnectionString(url, 'RATE_LIMIT_STORE_URL', environment) }
  if (URL.canParse(url) && new URL(url).hostname !== '') return { redis: url }
  throw new Problem('RATE_LIMIT_STORE_URL is not a URL of a Redis server. Write redis://user:password@host:6379/0.')
}
