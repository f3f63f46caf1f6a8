import { expect, it } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createTotals } from '../../src/telemetry/totals.ts'

function ended(durationMs: number) {
  return {
    kind: 'requestEnded',
    requestId: 'request-1',
    route: 'graphql',
    status: 200,
    codes: [],
    limits: [],
    durationMs,
    cost: 1,
    rows: 2,
    bytes: 3,
    operation: undefined,
    document: undefined,
  } as const
}

function sample(metrics: string, name: string): number | undefined {
  const line = metrics.split('\n').find((text) => text.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

it('Totals add up what workers count, and take the largest of what each says of the same', async () => {
  const totals = createTotals()
  for (const worker of [1, 2]) {
    const { observe, values } = createMetrics()
    for (let n = 0; n < worker; n++) observe(ended(40))
    observe({ kind: 'streamsChanged', open: 5 * worker })
    observe({ kind: 'selectorsCounted', seen: 100 * worker })
    if (worker === 1) observe({ kind: 'rateStoreLost', code: 'x', message: 'x' })
    totals.set(worker, await values(), worker === 1)
  }
  const metrics = await totals.print()
  expect(sample(metrics, 'sipis_gateway_requests_total{route="graphql",status="2xx"}')).toBe(3)
  expect(sample(metrics, 'sipis_gateway_request_duration_seconds_bucket{le="0.05",route="graphql"}')).toBe(3)
  expect(sample(metrics, 'sipis_gateway_request_duration_seconds_count{route="graphql"}')).toBe(3)
  expect(sample(metrics, 'sipis_gateway_streams')).toBe(15)
  expect(sample(metrics, 'sipis_gateway_rate_store_away')).toBe(1)
  // Only one of them has counted.
  expect(sample(metrics, 'sipis_selectors_seen_last_hour')).toBe(100)
})

it('Totals keep what workers have counted that have ended, and forget what they were', async () => {
  const totals = createTotals()
  for (const worker of [1, 2, 3]) {
    const { observe, values } = createMetrics()
    observe(ended(40))
    observe({ kind: 'streamsChanged', open: 5 })
    totals.set(worker, await values(), true)
    if (worker < 3) totals.end(worker)
    const metrics = await totals.print()
    expect(sample(metrics, 'sipis_gateway_rows_total')).toBe(2 * worker)
    expect(sample(metrics, 'sipis_gateway_streams')).toBe(worker < 3 ? undefined : 5)
  }
})
