import { beforeAll, expect, it } from 'vitest'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import type { FaultProxy } from '../../support/fault-proxy.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { authenticateAs, tool } from '../../support/principals.ts'
import { until } from '../../support/until.ts'

let own: TestDatabase
beforeAll(async () => {
  own = await cloneDatabase('V2')
  return () => own[Symbol.asyncDispose]()
})

interface Gateway {
  readonly client: Client
  readonly store: TestDatabase
  readonly proxy: FaultProxy
  /** Remaining points of 100 after one more. */
  ask(): Promise<{ status: number; left: number }>
  readonly lines: () => string[]
}

async function gateway(): Promise<Gateway> {
  const store = untilTestEnds(await emptyDatabase())
  const proxy = untilTestEnds(await startFaultProxy(store.url))
  const database = openReader(own.url)
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  const client = untilTestEnds(
    await openClient(database, {
      authenticate: authenticateAs([tool('a', 'sipis:read')]),
      rateLimits: {
        costPerMinute: 100,
        requestsPerMinute: 10_000,
        shared: { target: { connection: { connectionString: proxy.url } }, secret: 'a secret of the test' },
      },
    }),
  )
  return {
    client,
    store,
    proxy,
    lines: () => client.log.filter((line) => line.includes('rate store')),
    async ask() {
      const { status, headers } = await fetch(`${client.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer a' },
        body: '{"query":"{ __typename }"}',
      })
      return { status, left: Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]) }
    },
  }
}

it('A rate store that does not answer delays no request: the gateway counts alone, reports it once, and shares counts again after the recovery', async () => {
  const { store, proxy, ask, lines } = await gateway()
  expect([await ask(), await ask()]).toEqual([
    { status: 200, left: 99 },
    { status: 200, left: 98 },
  ])
  proxy.silenceAll()
  const answers = await Promise.all(Array.from({ length: 20 }, ask))
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
  // Counted from zero, because the shared counts cannot be read.
  expect(Math.min(...answers.map(({ left }) => left))).toBe(80)
  expect(lines()).toEqual([expect.stringMatching(/does not answer.*TOO_LATE|TOO_LATE.*does not answer/)])
  proxy.resume()
  await until('the store is back', () => lines().length > 1)
  expect(lines()[1]).toMatch(/answers again/)
  expect(await ask()).toMatchObject({ status: 200, left: expect.any(Number) })
  const rows = await store.sql(`SELECT points FROM sipis_gateway_rate_limits WHERE key LIKE 'principal:%'`)
  // Statements that were sent before the failure was detected may have arrived.
  expect(Number(rows[0]?.[0])).toBeGreaterThanOrEqual(3)
  expect(lines()).toHaveLength(2)
})

it('A read-only rate store is unavailable', async () => {
  const { store, ask, lines } = await gateway()
  await ask()
  const name = new URL(store.url).pathname.slice(1)
  await store.sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await store.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  )
  await until('it is noticed', async () => {
    await ask()
    return lines().length > 0
  })
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect((await ask()).status).toBe(200)
  expect(lines()).toHaveLength(1)
})
