import type { ConnectionConfig } from '../database/client.ts'
import { Problem } from '../errors/problem.ts'
import { parseConnectionString } from './connection-string.ts'
import type { Environment } from './environment.ts'
import type { ValuesOf } from './setting.ts'
import { rateLimitSettings } from './settings/rate-limits.ts'

type Given = ValuesOf<typeof rateLimitSettings>

export interface SharedCounts {
  readonly connection: ConnectionConfig
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

/** The database in which gateways share their counts; undefined if each counts alone. */
export function rateStoreOf(
  { RATE_LIMIT_DATABASE_URL: url, RATE_LIMIT_SECRET: secret }: Given,
  environment: Environment,
): SharedCounts | undefined {
  if (url === undefined) return undefined
  const connection = parseConnectionString(url, 'RATE_LIMIT_DATABASE_URL', environment)
  if (secret !== undefined) return { connection, secret }
  throw new Problem(
    'RATE_LIMIT_DATABASE_URL is set without RATE_LIMIT_SECRET, so callers could predict which of them share a counter. ' +
      'Set it to the same text for all gateways: openssl rand -hex 32 makes a good one.',
  )
}
