import { once } from 'node:events'
import { request } from 'node:http'
import { auditServer } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../src/server/listen.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { authenticateAs, tool } from '../support/principals.ts'

let own: TestDatabase
let client: Client
let url: string

beforeAll(async () => {
  own = await cloneDatabase('V2')
  client = await openClient(openReader(own.url))
  url = client.url
})
afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(`${url}/graphql`, { method: 'POST', body, headers })

async function codeOf(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] }
  return String(errors[0]?.extensions.code)
}

describe('The service over HTTP', () => {
  it('passes all 61 checks of the GraphQL-over-HTTP audit', async () => {
    const results = await auditServer({ url: `${url}/graphql`, fetchFn: fetch })
    expect(results.filter(({ status }) => status !== 'ok').map(({ name }) => name)).toEqual([])
    expect(results).toHaveLength(61)
  })

  it('passes them all as well where a credential is asked for', async () => {
    const authenticate = authenticateAs([tool('ops', 'sipis:ops')])
    const asked = await openClient(openReader(own.url), { authenticate })
    const fetchFn = (address: string, init: RequestInit = {}) =>
      fetch(address, { ...init, headers: { ...init.headers, authorization: 'Bearer ops' } })
    const results = await auditServer({ url: `${asked.url}/graphql`, fetchFn })
    expect(results.filter(({ status }) => status !== 'ok').map(({ name }) => name)).toEqual([])
    await asked[Symbol.asyncDispose]()
  })

  it('answers GET and POST', async () => {
    const query = '{ viewer { name } }'
    const answers = await Promise.all([
      post(JSON.stringify({ query })),
      fetch(`${url}/graphql?query=${encodeURIComponent(query)}`, { headers: { accept: 'application/json' } }),
    ])
    for (const answer of answers) expect(await answer.json()).toEqual({ data: { viewer: { name: 'open' } } })
  })

  it('answers /health with 200 and the schema version', async () => {
    const answer = await fetch(`${url}/health`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ status: 'ok', schemaVersion: 'V2' })
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200)
  })

  it('leads from / to the API, and says that nothing else is here', async () => {
    const root = await fetch(`${url}/`, { redirect: 'manual' })
    expect([root.status, root.headers.get('location')]).toEqual([302, '/graphql'])
    for (const path of ['/nothing', '/graphql/', '/health/x', '/..%2f']) {
      const answer = await fetch(url + path)
      expect(answer.status).toBe(404)
      expect(await codeOf(answer)).toBe('NOT_FOUND')
    }
  })

  it('refuses what is no request for GraphQL with a 4xx and a code', async () => {
    const answers = {
      'no JSON': await post('{'),
      'no object': await post('5'),
      'no query': await post('{}'),
      'a query that is no text': await post('{"query": 5}'),
      'variables that are no object': await post('{"query": "{ viewer { name } }", "variables": "x"}'),
      'a batch': await post('[{"query": "{ viewer { name } }"}]'),
    }
    for (const [what, answer] of Object.entries(answers)) {
      expect([what, answer.status]).toEqual([what, 400])
      expect([what, await codeOf(answer)]).toEqual([what, 'BAD_USER_INPUT'])
    }
    const other = await post('<x/>', { 'content-type': 'text/xml' })
    expect(other.status).toBe(415)
  })

  it('refuses a body of more than 100 kB with 413, told or not told its length', async () => {
    const body = JSON.stringify({ query: `{ viewer { name } } # ${'x'.repeat(100_000)}` })
    expect((await post(body)).status).toBe(413)
    const chunked = request(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } })
    chunked.write(body.slice(0, 50_000))
    chunked.end(body.slice(50_000))
    const [response] = await once(chunked, 'response')
    expect(response.statusCode).toBe(413)
    response.resume()
  })

  it('echoes no origin', async () => {
    const answer = await post('{"query": "{ viewer { name } }"}', {
      'content-type': 'application/json',
      origin: 'https://evil.example',
    })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('tells of a port in use in one sentence', async () => {
    const port = Number(new URL(url).port)
    await expect(listen(() => undefined, { host: '127.0.0.1', port }, 1)).rejects.toThrow(
      /Port \d+ of 127.0.0.1 is in use\. .*--port/,
    )
  })
})

describe('The service without its database', () => {
  it('answers /health with 503 and queries with UNAVAILABLE, and recovers', async () => {
    const name = new URL(own.url).pathname.slice(1)
    await using other = await cloneDatabase('V2')
    const forbid = async (allow: boolean) => {
      await other.sql(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${allow}`)
      await other.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND application_name = 'sipis-gateway test'`,
      )
    }
    await forbid(false)
    // It asks the database once a second at most.
    let health = await fetch(`${url}/health`)
    while (health.status === 200) health = await fetch(`${url}/health`)
    expect([health.status, health.headers.get('retry-after'), await health.json()]).toEqual([
      503,
      '5',
      { status: 'unavailable' },
    ])
    const { errors } = await client.answer('{ selectors { totalCount } }')
    expect(['UNAVAILABLE', 'INTERNAL']).toContain(errors?.[0]?.extensions.code)
    await forbid(true)
    while ((await fetch(`${url}/health`)).status !== 200);
  })
})
