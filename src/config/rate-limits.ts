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

/** Undefined is no limit. */
export interface RateConfig {
  readonly costPerMinute: number | undefined
  readonly requestsPerMinute: number | undefined
}

/** A gateway without authentication has one caller, on this machine: rates are limited only where that is set. */
export function ratesOf(given: Given, open: boolean): RateConfig {
  const { RATE_LIMIT_COST: cost, RATE_LIMIT_REQUESTS: requests } = rateLimitSettings
  return {
    costPerMinute: given.RATE_LIMIT_COST ?? (open ? undefined : cost.withAuthentication),
    requestsPerMinute: given.RATE_LIMIT_REQUESTS ?? (open ? undefined : requests.withAuthentication),
  }
}

/** Where gateways share their counts; undefined where each counts alone. */
export function rateStoreOf(
  { RATE_LIMIT_DATABASE_URL: url, RATE_LIMIT_SECRET: secret }: Given,
  environment: Environment,
): SharedCounts | undefined {
  if (url === undefined) return undefined
  const connection = parseConnectionString(url, 'RATE_LIMIT_DATABASE_URL', environment)
  if (secret !== undefined) return { connection, secret }
  throw new Problem(
    'RATE_LIMIT_DATABASE_URL is set without RATE_LIMIT_SECRET, so callers could predict whose counter they share. ' +
      'Set it to the same text for all gateways: openssl rand -hex 32 makes a good one.',
  )
}
