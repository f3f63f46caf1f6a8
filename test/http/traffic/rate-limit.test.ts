import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AuditEntry } from '../../../src/http/operations/audit.ts'
import { Refusal } from '../../../src/http/refusal.ts'
import type { RateLimits } from '../../../src/http/traffic/rate-limit.ts'
import { openRateLimits } from '../../../src/http/traffic/rate-limit.ts'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import { authenticateAs, device, tool } from '../../support/principals.ts'
import { addDataSet, selectorNamed } from '../../support/rows.ts'

let own: TestDatabase
beforeAll(async () => {
  own = await cloneDatabase('V2')
  await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 3 })
})
afterAll(() => own[Symbol.asyncDispose]())

async function limited(costPerMinute: number, requestsPerMinute = 1_000_000): Promise<Client> {
  const database = openReader(own.url)
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  const principals = [tool('a', 'sipis:read'), tool('b', 'sipis:read'), device('d', selectorNamed(1))]
  return untilTestEnds(
    await openClient(database, {
      authenticate: authenticateAs(principals),
      rateLimits: { costPerMinute, requestsPerMinute },
      trustedProxies: ['loopback'],
    }),
  )
}

const post = ({ url }: Client, query: string, principal: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${principal}`, ...headers },
    body: JSON.stringify({ query }),
  })

const send = ({ url }: Client, body: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer a' },
    body,
  })

describe('A principal', () => {
  it('gets the cost of the operation if it asks for it with GraphQL-Cost', async () => {
    const client = await limited(50)
    const body = JSON.stringify({ query: '{ calls(first: 10) { nodes { id } } }' })
    const asked = async (headers: Record<string, string>) => {
      const all = { 'content-type': 'application/json', authorization: 'Bearer a', ...headers }
      const response = await fetch(`${client.url}/graphql`, { method: 'POST', headers: all, body })
      return response.json()
    }
    expect(await asked({ 'graphql-cost': '1' })).toMatchObject({ data: { calls: {} }, extensions: { cost: 22 } })
    expect(Object.keys(await asked({}))).toEqual(['data'])
  })

  it('gets its remaining points in every response, and beyond the limit 429 RATE_LIMITED with Retry-After', async () => {
    const client = await limited(50)
    // One list, its nodes, and ten nodes with their ids.
    const query = '{ calls(first: 10) { nodes { id } } }'
    const first = await post(client, query, 'a')
    expect([first.status, first.headers.get('ratelimit-policy')]).toEqual([200, '"principal";q=50;w=60'])
    expect(first.headers.get('ratelimit')).toMatch(/^"principal";r=28;t=60$/)
    expect((await post(client, query, 'a')).headers.get('ratelimit')).toMatch(/^"principal";r=6;t=/)
    const refused = await post(client, query, 'a')
    expect(refused.status).toBe(429)
    const retryAfterSeconds = Number(refused.headers.get('retry-after'))
    expect(retryAfterSeconds).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED', setting: 'RATE_LIMIT_COST', limit: 50, retryAfterSeconds } }],
    })
    expect((await post(client, query, 'b')).status).toBe(200)
  })

  it('pays one point for each 200 bytes of a request, answered or rejected, in the document or elsewhere', async () => {
    const client = await limited(100_000)
    let left = 100_000
    const paid = async (body: object) => {
      const text = JSON.stringify(body)
      await (await send(client, text)).text()
      // The remaining points of the next response, less its own point.
      const next = await post(client, '{ __typename }', 'a')
      const now = Number(/r=(\d+)/.exec(next.headers.get('ratelimit') ?? '')?.[1])
      const points = left - now - 1
      left = now
      return points - Math.floor(text.length / 200)
    }
    const long = 'x'.repeat(20_000)
    expect(await paid({ query: '{ viewer { name } }' })).toBe(2)
    expect(await paid({ query: `{ viewer { name } } #${long}` })).toBe(2)
    // The document is cached now.
    expect(await paid({ query: `{ viewer { name } } #${long}` })).toBe(2)
    expect(await paid({ query: '{ viewer { name } }', variables: { unused: long } })).toBe(2)
    expect(await paid({ query: '{ viewer { name } }', extensions: { unused: long } })).toBe(2)
    expect(await paid({ query: `{ viewer { name } #${long}` })).toBe(100)
    expect(await paid({ query: `{ nothing } #${long}` })).toBe(100)
    expect(await paid({ query: `{ __schema { types { name } } } #${long}` })).toBe(100)
    expect(await paid({ query: `{ selector(name: """${long}""") { id } }` })).toBe(2 + 19)
    const page = '{ selectors(first: 100) { nodes { calls(first: 100) { nodes { id selector { id } } } } } }'
    expect(await paid({ query: page })).toBe(40_302)
    expect(await paid({ query: '', variables: { unused: long } })).toBe(0)
  })

  it('pays for a query that exceeds LIMIT_COST', async () => {
    const client = await limited(250)
    const query = '{ selectors(first: 100) { nodes { calls(first: 100) { nodes { id callId time missedReason } } } } }'
    for (let time = 0; time < 2; time++) expect((await post(client, query, 'a')).status).toBe(200)
    expect((await post(client, query, 'a')).status).toBe(429)
  })

  it('beyond its limit is rejected before a long document is parsed', async () => {
    const database = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const hashes: (string | undefined)[] = []
    const audit = ({ prepared }: AuditEntry) => hashes.push(prepared?.hash)
    const client = untilTestEnds(
      await openClient(database, {
        authenticate: authenticateAs([tool('a', 'sipis:read')]),
        rateLimits: { costPerMinute: 50 },
        audit,
      }),
    )
    expect((await post(client, '{ viewer { name } }', 'a')).status).toBe(200)
    expect((await post(client, `{ viewer { name } } #${'x'.repeat(20_000)}`, 'a')).status).toBe(429)
    // Only a prepared document has a hash.
    expect(hashes).toEqual([expect.any(String), undefined])
  })

  it('pays for rejected documents', async () => {
    const client = await limited(250)
    for (const query of ['{', '{ nothing }']) expect((await post(client, query, 'a')).status).toBe(200)
    expect((await post(client, '{', 'a')).status).toBe(429)
  })
})

describe('An address', () => {
  it('is rejected after too many requests, for any caller, even without a credential', async () => {
    const client = await limited(1_000_000, 3)
    const from = (address: string, principal = 'a') =>
      post(client, '{ viewer { name } }', principal, { 'x-forwarded-for': address })
    for (const principal of ['a', 'b', 'nobody']) expect((await from('192.0.2.1', principal)).status).not.toBe(429)
    const refused = await from('192.0.2.1', 'nobody')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    expect((await from('192.0.2.2')).status).toBe(200)
  })

  it('of IPv6 is identified by its first 64 bits', async () => {
    const client = await limited(1_000_000, 2)
    const from = (address: string) => post(client, '{ viewer { name } }', 'a', { 'x-forwarded-for': address })
    expect((await from('2001:db8::1')).status).toBe(200)
    expect((await from('2001:db8::ffff:2')).status).toBe(200)
    expect((await from('2001:db8:0:0:9::3')).status).toBe(429)
    expect((await from('2001:db8:0:1::1')).status).toBe(200)
  })

  it('is not taken from X-Forwarded-For of callers that are not a proxy', async () => {
    const database = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const client = untilTestEnds(
      await openClient(database, { rateLimits: { requestsPerMinute: 2 }, trustedProxies: ['192.0.2.0/24'] }),
    )
    const statuses = []
    for (let n = 0; n < 4; n++) {
      statuses.push((await post(client, '{ viewer { name } }', 'a', { 'x-forwarded-for': `198.51.100.${n}` })).status)
    }
    expect(statuses).toEqual([200, 200, 429, 429])
  })
})

describe('Rate limit counters', () => {
  it('are bounded for any number of addresses', async () => {
    const limits = untilTestEnds(
      await openRateLimits({ costPerMinute: 10, requestsPerMinute: 1_000_000, shared: undefined }),
    )
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < 200_000; n++) await limits.ofAddress(() => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
    // There are 65,536 counters; one for each address would take several times as much memory.
    expect((process.memoryUsage().heapUsed - before) / 1_000_000).toBeLessThan(110)
  })

  it('are reset after a minute', async () => {
    vi.useFakeTimers()
    try {
      const limits = await openRateLimits({ costPerMinute: 10, requestsPerMinute: 1, shared: undefined })
      await limits.ofPrincipal('a', 10)
      await expect(limits.ofPrincipal('a', 1)).rejects.toBeInstanceOf(Refusal)
      vi.advanceTimersByTime(61_000)
      expect((await limits.ofPrincipal('a', 3))['ratelimit']).toBe('"principal";r=7;t=60')
    } finally {
      vi.useRealTimers()
    }
  })

  it('are shared by gateways with one database, contain no addresses or names, and are local while the database is down', async () => {
    const store = untilTestEnds(await emptyDatabase())
    const open = async (secret = 'a secret of them'): Promise<RateLimits> =>
      untilTestEnds(
        await openRateLimits({
          costPerMinute: 10,
          requestsPerMinute: 3,
          shared: { target: { connection: { connectionString: store.url } }, secret },
        }),
      )
    const [one, two] = [await open(), await open()]
    await one.ofPrincipal('secret-name', 6)
    await expect(two.ofPrincipal('secret-name', 6)).rejects.toBeInstanceOf(Refusal)
    await one.ofAddress(() => '192.0.2.77')
    const stranger = await open('a secret of others')
    expect((await stranger.ofPrincipal('secret-name', 6))['ratelimit']).toMatch(/r=4/)
    const keys = (await store.sql('SELECT key FROM sipis_gateway_rate_limits')).flat()
    expect(keys).toHaveLength(3)
    for (const key of keys) expect(key).toMatch(/^(principal|address):[0-9a-f]{32}$/)
    const rows = JSON.stringify(await store.sql('SELECT * FROM sipis_gateway_rate_limits'))
    expect(rows).not.toMatch(/secret-name|192\.0\.2/)
    await store.sql('DROP TABLE sipis_gateway_rate_limits')
    expect((await one.ofPrincipal('somebody', 6))['ratelimit']).toMatch(/r=4/)
    await expect(one.ofPrincipal('somebody', 6)).rejects.toBeInstanceOf(Refusal)
  })
})
