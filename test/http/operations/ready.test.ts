import { describe, expect, it } from 'vitest'
import { createReadiness } from '../../../src/http/operations/ready.ts'
import { lanes } from '../../../src/loaders/lanes.ts'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import type { FaultProxy } from '../../support/fault-proxy.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { until } from '../../support/until.ts'

async function gateway(options: ClientOptions = {}): Promise<{ client: Client; proxy: FaultProxy }> {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const proxy = untilTestEnds(await startFaultProxy(own.url))
  const database = openReader(proxy.url)
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  return { client: untilTestEnds(await openClient(database, options)), proxy }
}

const probe = async ({ url }: Client, path: string) => {
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) })
  return { status: answer.status, body: await answer.json() }
}

describe('/ready', () => {
  it('is 200 while every lane and the pool answer, and otherwise 503 with a reason for each part', async () => {
    const { client, proxy } = await gateway()
    expect(await probe(client, '/ready')).toEqual({ status: 200, body: { status: 'ok' } })
    proxy.silenceAll()
    const parts = [...Object.values(lanes).map(({ lane }) => `database: ${lane}`), 'database: pool']
    await until('it notices', async () => {
      const { status, body } = await probe(client, '/ready')
      return status === 503 && Object.keys(body.reasons).length === parts.length
    })
    const { body } = await probe(client, '/ready')
    expect(Object.keys(body.reasons).toSorted()).toEqual(parts.toSorted())
    expect(Object.values(body.reasons).every((reason) => reason === 'silent for 2 seconds')).toBe(true)
    proxy.resume()
    await until('it is ready again', async () => (await probe(client, '/ready')).status === 200)
  })

  it('is 503 if another check reports a reason, fails or hangs, and does not reveal errors', async () => {
    const { client } = await gateway({
      checks: [
        { name: 'good', check: async () => undefined },
        { name: 'bad', check: async () => 'a reason' },
        { name: 'failing', check: () => Promise.reject(new TypeError('secret')) },
        { name: 'hanging', check: () => new Promise(() => undefined) },
      ],
    })
    expect(await probe(client, '/ready')).toEqual({
      status: 503,
      body: {
        status: 'unavailable',
        reasons: { bad: 'a reason', failing: 'the check failed: TypeError', hanging: 'no answer within 700 ms' },
      },
    })
  })

  it('runs its checks once for many requests in the same second', async () => {
    let checked = 0
    const readiness = createReadiness([{ name: 'counted', check: async () => void checked++ }])
    await Promise.all([readiness.answer(), readiness.answer()])
    await readiness.answer()
    expect(checked).toBe(1)
  })

  it('is 503 while the gateway is stopping, for any result of the checks', async () => {
    const readiness = createReadiness([])
    expect((await readiness.answer()).status).toBe(200)
    readiness.drain()
    const { status, body } = await readiness.answer()
    expect([status, String(body)]).toEqual([503, '{"status":"unavailable","reasons":{"gateway":"it is stopping"}}'])
  })
})

describe('With a database that does not answer', () => {
  it('/live is 200, and /health is 503', async () => {
    const { client, proxy } = await gateway()
    expect((await probe(client, '/health')).status).toBe(200)
    proxy.silenceAll()
    await until('it notices', async () => (await probe(client, '/health')).status === 503)
    expect(await probe(client, '/live')).toEqual({ status: 200, body: { status: 'ok' } })
  })

  it('/health is not cached longer because the system clock goes back', async () => {
    const { client, proxy } = await gateway()
    expect((await probe(client, '/health')).status).toBe(200)
    proxy.silenceAll()
    const { now } = Date
    Date.now = () => now() - 3_600_000
    try {
      await until('it notices', async () => (await probe(client, '/health')).status === 503)
    } finally {
      Date.now = now
    }
  })
})
