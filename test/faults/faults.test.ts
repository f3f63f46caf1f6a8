/** Injects faults under load. `npm test` runs a few of each; `npm run test:faults` runs all, and prints the results. */
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isFull, times } from '../support/counts.ts'
import type { FaultProxy } from '../support/fault-proxy.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import type { OwnServer } from '../support/postgres.ts'
import { startOwnServer } from '../support/postgres.ts'
import type { Load } from './load.ts'
import { fill, reader, startLoad } from './load.ts'

let server: OwnServer
let proxy: FaultProxy
let load: Load
const recoveries: Record<string, number[]> = {}

beforeAll(async () => {
  server = await startOwnServer()
  await fill(server.url)
  proxy = await startFaultProxy(server.url)
  const url = new URL(proxy.url)
  url.username = reader
  load = await startLoad(url.href)
})

afterAll(async () => {
  await load[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function admin(sql: string): Promise<void> {
  const client = new pg.Client(server.url)
  client.on('error', () => undefined)
  await client.connect()
  await client.query(sql)
  await client.end()
}

const random = (seed: number, most: number) => fc.sample(fc.nat(most), { numRuns: 1, seed })[0] ?? 0

/** Each lasts as long as the fault. */
const faults: readonly (readonly [name: string, full: number, few: number, fault: (n: number) => Promise<unknown>])[] =
  [
    [
      'a backend that is killed',
      50,
      2,
      () =>
        admin(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sipis-gateway' ORDER BY random() LIMIT 1",
        ),
    ],
    ['connections that are reset', 50, 1, async () => proxy.reset()],
    ['connections that are closed within a response', 500, 5, async (n) => proxy.cutAfter(random(n, 2_000))],
    ['half-open connections', 200, 1, async () => proxy.silence()],
    [
      'a network that is silent for a second',
      20,
      1,
      async () => {
        proxy.silenceAll()
        await sleep(1_000)
        proxy.heal()
      },
    ],
    [
      'garbage on every connection',
      50,
      2,
      async (n) =>
        proxy.inject(
          Buffer.from(fc.sample(fc.uint8Array({ minLength: 1, maxLength: 64 }), { numRuns: 1, seed: n })[0] ?? []),
        ),
    ],
    [
      'a server that refuses connections for half a second',
      20,
      1,
      async () => {
        proxy.refuse()
        await sleep(500)
        proxy.heal()
      },
    ],
    [
      'callers that disconnect while cancel requests are slow',
      30,
      1,
      async () => {
        proxy.delayNew(500)
        const asked = Array.from({ length: 5 }, () =>
          load
            .answer('{ selectors { totalCount } calls { totalCount } }', AbortSignal.timeout(3))
            .catch(() => undefined),
        )
        await Promise.all(asked)
        await sleep(600)
        proxy.heal()
      },
    ],
    [
      'a lock on a table for a second and a half',
      10,
      1,
      () => admin('BEGIN; LOCK TABLE tokens; SELECT pg_sleep(1.5); COMMIT'),
    ],
    [
      'a server that is suspended for a second',
      10,
      1,
      async () => {
        server.freeze()
        await sleep(1_000)
        server.thaw()
      },
    ],
    [
      'a server without free connections for half a second',
      20,
      1,
      async () => {
        await admin(`ALTER ROLE ${reader} CONNECTION LIMIT 0`)
        await admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${reader}'`)
        await sleep(500)
        await admin(`ALTER ROLE ${reader} CONNECTION LIMIT -1`)
      },
    ],
    ['a server that crashes', 20, 1, () => server.crash()],
  ]

describe('Under load', () => {
  it.each(faults)(
    '%s causes no wrong response, and all responses are correct afterwards',
    { timeout: 1_800_000 },
    async (name, full, few, fault) => {
      const seen: number[] = []
      recoveries[name] = seen
      for (let n = 1; n <= times(full, few); n++) {
        await load.during(async () => {
          await sleep(100)
          await fault(n)
          await sleep(150)
        })
        seen.push(await load.recovery())
        expect(load.tally.wrong).toEqual([])
      }
    },
  )

  it('the faults leave no open connection, no error on close, and no failure of the gateway', async () => {
    const failures = load.log.filter((line) => /^(A request failed|Unhandled|Sending a response failed)/.test(line))
    expect(failures).toEqual([])
    expect(load.tally.right).toBeGreaterThan(0)
    // Ten connections of the pool and one of each lane.
    await expect.poll(() => proxy.connections, { timeout: 20_000 }).toBeLessThanOrEqual(18)
    if (isFull) report()
  })
})

function report(): void {
  const { right, failed, codes, slowestMs } = load.tally
  const rows = Object.entries(recoveries).map(([fault, ms]) => {
    const sorted = ms.toSorted((a, b) => a - b)
    return { fault, times: ms.length, 'median ms': sorted[sorted.length >> 1], 'most ms': sorted.at(-1) }
  })
  process.stdout.write(`${JSON.stringify({ right, failed, codes, slowestMs, rows }, null, 1)}\n`)
}
