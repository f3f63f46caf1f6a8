import { describe, expect, it } from 'vitest'
import { serveConfig } from '../../src/config/serve-config.ts'
import { shareOf, sharesRates } from '../../src/config/share.ts'

const database = { DATABASE_URL: 'postgres://127.0.0.1/sipis', API_KEYS_FILE: 'keys.jsonl' }

const configOf = (environment: Record<string, string>) => serveConfig({}, { ...database, ...environment })

describe('The share of one of several workers', () => {
  it('is everything if there is one', () => {
    const config = configOf({})
    expect(config.workers).toBe(1)
    expect(shareOf(config)).toEqual(config)
    expect(sharesRates(config)).toBe(false)
  })

  it('is a part of what is limited in total, rounded up, and all of what is limited for a caller or a connection', () => {
    const config = configOf({ WORKERS: '4', LIMIT_QUEUE: '0', LIMIT_SCANS: '2', DATABASE_POOL_SIZE: '10' })
    const { limits } = config
    expect(shareOf(config)).toMatchObject({
      databaseLimits: { maxConnections: 3 },
      limits: {
        ...limits,
        concurrent: 16,
        queue: 0,
        unsentBytes: 50_000_000,
        scans: 1,
        scansPerCaller: 1,
      },
    })
  })

  it('is a part of the rates unless a store counts for all', () => {
    const alone = configOf({ WORKERS: '3', RATE_LIMIT_COST: '100' })
    expect(shareOf(alone).rates).toEqual({ costPerMinute: 34, requestsPerMinute: 20_000 })
    expect(sharesRates(alone)).toBe(true)
    const store = { RATE_LIMIT_STORE_URL: 'redis://127.0.0.1', RATE_LIMIT_SECRET: 'x'.repeat(16) }
    const together = configOf({ WORKERS: '3', RATE_LIMIT_COST: '100', ...store })
    expect(shareOf(together).rates).toEqual(together.rates)
    expect(sharesRates(together)).toBe(false)
  })

  it('has no metrics of its own, which the process that starts the workers serves', () => {
    expect(shareOf(configOf({ WORKERS: '2', METRICS_PORT: '0' })).metricsAddress).toBe(undefined)
  })
})
