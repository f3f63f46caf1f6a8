import { describe, expect, it } from 'vitest'
import { openRateLimits } from '../../../src/http/traffic/rate-limit.ts'
import type { Observation } from '../../../src/telemetry/observation.ts'
import { untilTestEnds } from '../../support/database.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { findProgram, startRedis } from '../../support/programs.ts'
import { until } from '../../support/until.ts'

const redis = findProgram('redis-server') ?? ''
const secret = 'a secret of all gateways'
const limit = 1_000

describe.skipIf(redis === '')('Counters in Redis', () => {
  const open = async (url: string, observed: Observation[] = []) =>
    untilTestEnds(
      await openRateLimits(
        { costPerMinute: limit, requestsPerMinute: undefined, shared: { target: { redis: url }, secret } },
        (observation) => observed.push(observation),
      ),
    )
  type Limits = Awaited<ReturnType<typeof open>>
  const allowed = async (gateways: readonly Limits[], requests: number) => {
    const asked = Array.from({ length: requests }, (_, n) => gateways[n % gateways.length]?.ofPrincipal('caller', 1))
    const outcomes = await Promise.allSettled(asked)
    return outcomes.filter(({ status }) => status === 'fulfilled').length
  }

  it('are one budget for two gateways under load', async () => {
    const { url } = untilTestEnds(await startRedis(redis, 'a password'))
    const gateways = [await open(url), await open(url)]
    let passed = 0
    for (let round = 0; round < 15; round++) passed += await allowed(gateways, 200)
    expect(passed).toBeGreaterThanOrEqual(limit * 0.98)
    expect(passed).toBeLessThanOrEqual(limit * 1.02)
  })

  it('are local to each gateway while the server does not answer, which is reported once, and shared again afterwards', async () => {
    const own = untilTestEnds(await startRedis(redis))
    const proxy = untilTestEnds(await startFaultProxy(own.url))
    const observed: Observation[] = []
    const kinds = () => observed.map(({ kind }) => kind)
    const limits = await open(proxy.url, observed)
    await limits.ofPrincipal('caller', 1)
    proxy.silence()
    expect(await allowed([limits], 50)).toBe(50)
    expect(kinds()).toEqual(['rateStoreLost'])
    await until('the store is back', () => kinds().includes('rateStoreBack'))
    expect(await limits.ofPrincipal('caller', 1)).toMatchObject({ ratelimit: expect.stringMatching(/r=998;/) })
  })

  it('are local to each gateway while the server is down, and shared again after it restarts empty', async () => {
    const own = await startRedis(redis)
    const observed: Observation[] = []
    const limits = await open(own.url, observed)
    await own[Symbol.asyncDispose]()
    expect(await allowed([limits], 20)).toBe(20)
    expect(observed).toMatchObject([{ kind: 'rateStoreLost' }])
  })

  it('are rejected with what to do if the server or the password is wrong', async () => {
    const { url } = untilTestEnds(await startRedis(redis, 'right'))
    await expect(open(url.replace('right', 'canary'))).rejects.toThrow(/RATE_LIMIT_STORE_URL cannot be used.*password/)
    await expect(open(url.replace('right', 'canary'))).rejects.not.toThrow(/canary/)
    await expect(open('redis://127.0.0.1:1')).rejects.toThrow(/Start Redis/)
  })
})
