import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { auditServer } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../src/http/listen.ts'
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

const get = (search: string) => fetch(`${url}/graphql${search}`, { headers: { accept: 'application/json' } })

/** Sends requests that fetch does not support. */
async function raw(head: string, sent = ''): Promise<{ status: number; headers: string; body: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(`${head}\r\nConnection: close\r\n\r\n${sent}`)
  const [headers = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(headers.split(' ')[1]), headers, body }
}

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

  it('passes all of them if a credential is required', async () => {
    const authenticate = authenticateAs([tool('ops', 'sipis:ops')])
    const asked = await openClient(openReader(own.url), { authenticate })
    const fetchFn = (address: string, init: RequestInit = {}) =>
      fetch(address, { ...init, headers: { ...init.headers, authorization: 'Bearer ops' } })
    const results = await auditServer({ url: `${asked.url}/graphql`, fetchFn })
    expect(results.filter(({ status }) => status !== 'ok').map(({ name }) => name)).toEqual([])
    await asked[Symbol.asyncDispose]()
  })

  it('responds to GET and POST', async () => {
    const query = '{ viewer { name } }'
    const answers = await Promise.all([
      post(JSON.stringify({ query })),
      fetch(`${url}/graphql?query=${encodeURIComponent(query)}`, { headers: { accept: 'application/json' } }),
    ])
    for (const answer of answers) expect(await answer.json()).toEqual({ data: { viewer: { name: 'open' } } })
  })

  it('responds to /health with 200 and the schema version', async () => {
    const answer = await fetch(`${url}/health`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ status: 'ok', schemaVersion: 'V2' })
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200)
  })

  it('redirects / to the API, and responds with 404 to other paths', async () => {
    const root = await fetch(`${url}/`, { redirect: 'manual' })
    expect([root.status, root.headers.get('location')]).toEqual([302, '/graphql'])
    for (const path of ['/nothing', '/graphql/', '/health/x', '/..%2f']) {
      const answer = await fetch(url + path)
      expect(answer.status).toBe(404)
      expect(await codeOf(answer)).toBe('NOT_FOUND')
    }
  })

  it('rejects invalid GraphQL requests with a 4xx status and a code', async () => {
    const answers = {
      'invalid JSON': await post('{'),
      'a body that is not an object': await post('5'),
      'no query': await post('{}'),
      'a query that is not a string': await post('{"query": 5}'),
      'variables that are not an object': await post('{"query": "{ viewer { name } }", "variables": "x"}'),
      'a batch': await post('[{"query": "{ viewer { name } }"}]'),
    }
    for (const [what, answer] of Object.entries(answers)) {
      expect([what, answer.status]).toEqual([what, 400])
      expect([what, await codeOf(answer)]).toEqual([what, 'BAD_USER_INPUT'])
    }
    const other = await post('<x/>', { 'content-type': 'text/xml' })
    expect(other.status).toBe(415)
  })

  it.each([
    ['variables', 'objects', '{"a":', '1', '}'],
    ['variables', 'lists', '[', '', ']'],
    ['extensions', 'objects', '{"a":', 'null', '}'],
  ])('rejects %s with thousands of nested %s with 400, by POST and GET', async (name, _, open, inner, close) => {
    const nested = (levels: number) => `{"f":${open.repeat(levels)}${inner}${close.repeat(levels)}}`
    const query = 'query ($f: CallFilter) { calls(filter: $f) { nodes { id } } }'
    for (const levels of [64, 1_000, 15_000]) {
      const answer = await post(`{"query": "${query}", "${name}": ${nested(levels)}}`)
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'BAD_USER_INPUT'])
    }
    const url = `${client.url}/graphql?query=${encodeURIComponent(query)}&${name}=${encodeURIComponent(nested(1_000))}`
    const byGet = await fetch(url, { headers: { accept: 'application/json' } })
    expect([byGet.status, await codeOf(byGet)]).toEqual([400, 'BAD_USER_INPUT'])
    expect((await post(`{"query": "{ viewer { name } }", "${name}": ${nested(60)}}`)).status).toBe(200)
  })

  it('rejects a body of more than 100 kB with 413, with and without Content-Length', async () => {
    const body = JSON.stringify({ query: `{ viewer { name } } # ${'x'.repeat(100_000)}` })
    expect((await post(body)).status).toBe(413)
    const chunked = request(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } })
    chunked.write(body.slice(0, 50_000))
    chunked.end(body.slice(50_000))
    const [response] = await once(chunked, 'response')
    expect(response.statusCode).toBe(413)
    response.resume()
  })

  it('does not echo the origin', async () => {
    const answer = await post('{"query": "{ viewer { name } }"}', {
      'content-type': 'application/json',
      origin: 'https://evil.example',
    })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('treats an empty operationName, an empty documentId and empty parameters of a GET as missing', async () => {
    const query = '{ viewer { name } }'
    const answers = [
      await post(JSON.stringify({ query, operationName: '', documentId: '' })),
      await get(`?query=${encodeURIComponent(query)}&operationName=&variables=&extensions=&documentId=`),
    ]
    for (const answer of answers) expect(await answer.json()).toEqual({ data: { viewer: { name: 'open' } } })
    const two = await post(
      JSON.stringify({ query: 'query A { viewer { name } } query B { viewer { name } }', operationName: '' }),
    )
    expect(await codeOf(two)).toBe('BAD_USER_INPUT')
  })

  it('rejects a duplicate parameter, and a fragment in the URL', async () => {
    const one = 'query={viewer{name}}'
    for (const search of [
      `?${one}&${one}`,
      `?${one}&variables={}&variables=`,
      `?${one}&operationName=a&operationName=b`,
    ]) {
      const answer = await get(search)
      expect([search, answer.status, await codeOf(answer)]).toEqual([search, 400, 'BAD_USER_INPUT'])
    }
    expect((await raw(`GET /graphql?${one}#x HTTP/1.1\r\nHost: localhost\r\nAccept: application/json`)).status).toBe(
      400,
    )
  })

  it.each(['mutation { a }', 'mutation { __typename }', 'query A { viewer { name } } mutation B { __typename }'])(
    'rejects %s by GET with 405, and reports by POST that there are no mutations',
    async (query) => {
      const operationName = query.includes('B') ? 'B' : ''
      const byGet = await get(`?query=${encodeURIComponent(query)}&operationName=${operationName}`)
      expect([byGet.status, byGet.headers.get('allow')]).toEqual([405, 'POST'])
      const byPost = await post(JSON.stringify({ query, operationName }))
      expect(byPost.status).toBe(200)
      const text = await byPost.text()
      expect(text).toMatch(/no mutations/)
      expect(text).not.toMatch(/POST/)
    },
  )

  it('says how subscriptions are answered', async () => {
    for (const answer of [
      await post('{"query":"subscription { allChanges { token } }"}'),
      await get('?query=subscription{allChanges{token}}'),
    ])
      expect(await answer.text()).toMatch(/Accept: text\/event-stream/)
  })

  it.each(['identity', 'Identity', 'IDENTITY', ' identity ', '', 'identity, identity'])(
    'accepts a body with content-encoding "%s"',
    async (encoding) => {
      const body = '{"query":"{ viewer { name } }"}'
      const { status } = await raw(
        `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${body.length}`,
        body,
      )
      expect(status).toBe(200)
    },
  )

  it.each(['gzip', 'br', 'identity, gzip', 'x'])('rejects a body with content-encoding %s', async (encoding) => {
    const answer = await post('{"query":"{ viewer { name } }"}', {
      'content-type': 'application/json',
      'content-encoding': encoding,
    })
    expect(answer.status).toBe(415)
  })

  it.each([
    'text/plain',
    'application/json, text/plain',
    'application/jsonx',
    'application/json; charset=utf-8; charset=latin1',
    '',
  ])('rejects a body with content-type "%s"', async (type) => {
    expect((await post('{"query":"{ viewer { name } }"}', { 'content-type': type })).status).toBe(415)
  })

  it.each([
    'HEAD /health HTTP/1.0',
    'HEAD /live HTTP/1.0',
    'GET /health HTTP/1.0',
    'GET /live HTTP/1.0',
    'GET /live HTTP/1.1\r\nHost:',
  ])('responds to %j of a load balancer that sends no Host header', async (head) => {
    const { status, headers, body } = await raw(head)
    expect(status).toBe(200)
    expect(headers).toMatch(/content-type: application\/json; charset=utf-8\r\n.*content-length: \d+/is)
    expect(body === '').toBe(head.startsWith('HEAD'))
  })

  it.each([
    'POST /graphql HTTP/1.0',
    'GET / HTTP/1.0',
    'GET /graphql?query={viewer{name}} HTTP/1.0',
    'GET /health HTTP/1.0\r\nHost: evil.example',
  ])('rejects %j, because without authentication only localhost is served', async (head) => {
    expect((await raw(`${head}\r\nAccept: application/json`)).status).toBe(403)
  })

  it.each([
    '/health/../graphql',
    '//x/graphql',
    '/./graphql',
    '/graphql/',
    '/graphql/.',
    '/%67raphql',
    '/graphql%3Fquery',
    '\\graphql',
    '/\\graphql',
    '/x\\..\\graphql',
    '/graphql;a',
    '/GRAPHQL',
    '/graphql#x',
    'graphql',
    'http://evil/graphql',
    'http://localhost@evil/graphql',
    'http://localhost/x/../graphql',
    'https://localhost/graphql',
    'http:/graphql',
    '*',
  ])('does not treat %s as the API', async (target) => {
    for (const method of ['POST', 'GET']) {
      const { status, body } = await raw(
        `${method} ${target}?query={viewer{name}} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: ${method === 'GET' ? 0 : 31}`,
        method === 'GET' ? '' : '{"query":"{ viewer { name } }"}',
      )
      expect([status, body.includes('"data"')]).toEqual([expect.toBeOneOf([400, 404]), false])
    }
  })

  it('accepts an absolute request URL with the host of the header', async () => {
    const { status } = await raw(
      'GET http://LOCALHOST/graphql?query={viewer{name}} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json',
    )
    expect(status).toBe(200)
  })

  it('reports a port in use in one sentence', async () => {
    const port = Number(new URL(url).port)
    await expect(listen(() => undefined, { host: '127.0.0.1', port }, 1)).rejects.toThrow(
      /Port \d+ of 127.0.0.1 is in use\. .*--port/,
    )
  })
})

describe('The service without its database', () => {
  it('responds to /health with 503 and to queries with UNAVAILABLE, and recovers', async () => {
    const name = new URL(own.url).pathname.slice(1)
    await using other = await cloneDatabase('V2')
    const forbid = async (allow: boolean) => {
      await other.sql(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${allow}`)
      await other.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND application_name = 'sipis-gateway test'`,
      )
    }
    await forbid(false)
    // The database is queried at most once a second.
    let health = await fetch(`${url}/health`)
    while (health.status === 200) health = await fetch(`${url}/health`)
    expect([health.status, health.headers.get('retry-after'), await health.json()]).toEqual([
      503,
      '5',
      { status: 'unavailable' },
    ])
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const answer = await post('{"query":"{ selectors { totalCount } }"}', {
        accept,
        'content-type': 'application/json',
      })
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
      expect(await answer.json()).toMatchObject({
        errors: [{ extensions: { code: 'UNAVAILABLE', retryAfterSeconds: 5 } }],
      })
    }
    const partly = await post(JSON.stringify({ query: '{ viewer { name } selector(name: "x") { id } }' }))
    expect(partly.status).toBe(200)
    expect(await partly.json()).toMatchObject({
      data: { viewer: { name: 'open' }, selector: null },
      errors: [{ extensions: { code: 'UNAVAILABLE' } }],
    })
    await forbid(true)
    while ((await fetch(`${url}/health`)).status !== 200);
  })
})
