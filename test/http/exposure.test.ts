import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAudit } from '../../src/http/operations/audit.ts'
import type { Client, ClientOptions } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addSelector, selectorNamed } from '../support/rows.ts'

let own: TestDatabase
const clients: Client[] = []
const opened = async (options: ClientOptions = {}) => {
  const client = await openClient(openReader(own.url), options)
  clients.push(client)
  return client
}
beforeAll(async () => {
  own = await cloneDatabase('V2')
  await addSelector({ version: 'V2', sql: own.sql }, 1)
})
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

const authenticate = authenticateAs([
  tool('ops', 'sipis:ops'),
  tool('reader', 'sipis:read'),
  device('device', selectorNamed(1)),
])
const json = { 'content-type': 'application/json' }
const viewer = JSON.stringify({ query: '{ viewer { name } }' })

/** Sends headers that fetch does not allow. */
async function statusWith(
  { url }: Client,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<number | undefined> {
  const sent = request(`${url}${path}`, { method, headers })
  sent.end(method === 'POST' ? viewer : undefined)
  return new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => {
      void text(response).then(() => resolve(response.statusCode))
    })
  })
}

describe('Web pages', () => {
  it('of a listed origin may send requests without cookies; others get no CORS headers', async () => {
    const client = await opened({ corsOrigins: ['https://app.example.com', 'https://two.example.com'] })
    const preflight = (origin: string) =>
      fetch(`${client.url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    const allowed = await preflight('https://app.example.com')
    expect(allowed.status).toBe(204)
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization,content-type,graphql-cost',
      vary: expect.stringContaining('Origin'),
    })
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    for (const origin of [
      'https://evil.example',
      'null',
      'https://app.example.com.evil.example',
      'http://app.example.com',
    ]) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull()
    }
    const asked = await fetch(`${client.url}/graphql`, {
      method: 'POST',
      headers: { ...json, origin: 'https://two.example.com' },
      body: viewer,
    })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([200, 'https://two.example.com'])
    expect(asked.headers.get('set-cookie')).toBeNull()
  })

  it('get no CORS headers if no origin is listed', async () => {
    const client = await opened()
    const answer = await fetch(`${client.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
    })
    expect(answer.status).toBe(405)
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('whose host name resolves to this machine are rejected if no credential is required', async () => {
    const [open, closed] = [await opened(), await opened({ authenticate })]
    const port = new URL(open.url).port
    for (const host of ['localhost', `localhost:${port}`, `127.0.0.1:${port}`, '[::1]:80'])
      expect(await statusWith(open, 'POST', '/graphql', { ...json, host })).toBe(200)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example']) {
      expect([host, await statusWith(open, 'POST', '/graphql', { ...json, host })]).toEqual([host, 403])
      expect([host, await statusWith(closed, 'POST', '/graphql', { ...json, host })]).toEqual([host, 401])
    }
  })

  it('cannot cause the execution of a GET with a link, an image or a script', async () => {
    const client = await opened()
    const get = (headers: Record<string, string>) => statusWith(client, 'GET', '/graphql?query={viewer{name}}', headers)
    for (const accept of ['*/*', 'image/avif,image/webp,*/*', 'text/css,*/*;q=0.1']) {
      for (const mode of ['navigate', '']) expect(await get({ accept, 'sec-fetch-mode': mode })).toBe(406)
    }
    expect(await get({ accept: 'application/graphql-response+json' })).toBe(200)
    expect(await get({ accept: '*/*', 'sec-fetch-mode': 'cors' })).toBe(200)
  })

  it.each<[string, Record<string, string>]>([
    ['an image, if a proxy removes sec-fetch-site', { 'sec-fetch-mode': 'no-cors' }],
    ['an image opened from the address bar', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'no-cors' }],
    ['a script, image or fetch without CORS', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
    ['a frame', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    ['a fetch', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: 'https://evil.example' }],
    ['a fetch of an old browser', { origin: 'https://evil.example' }],
    ['a fetch of another port', { origin: 'http://localhost:1' }],
    ['a sandbox', { origin: 'null' }],
    ['a file', { origin: 'file://' }],
    ['a browser extension', { origin: 'chrome-extension://abcdef', 'sec-fetch-site': 'cross-site' }],
    ['two origins', { origin: 'https://app.example.com, https://evil.example' }],
    ['a name that ends like an allowed one', { origin: 'https://app.example.com.evil.example' }],
    ['an origin that contradicts its site', { origin: 'https://evil.example', 'sec-fetch-site': 'none' }],
    ['an unknown site', { 'sec-fetch-site': 'x' }],
  ])('cannot cause an execution by %s, by GET or POST, with or without authentication', async (_, headers) => {
    for (const options of [{}, { authenticate }, { corsOrigins: ['https://app.example.com'] }]) {
      const client = await opened(options)
      for (const method of ['GET', 'POST']) {
        const sent = { ...json, accept: 'application/json, text/html', authorization: 'Bearer reader', ...headers }
        expect(await statusWith(client, method, '/graphql?query={selectors{totalCount}}', sent)).toBe(403)
      }
      expect(client.statements()).toEqual([])
    }
  })

  it('may link to GraphiQL', async () => {
    const client = await opened()
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const link = (accept: string) => statusWith(client, 'GET', '/graphql?query={viewer{name}}', { ...headers, accept })
    expect(await link('text/html,*/*;q=0.8')).toBe(200)
    expect(await link('*/*')).toBe(403)
  })

  it('cannot cause the execution of a GET by navigation, for any Accept header', async () => {
    const client = await opened()
    const headers = {
      accept: 'text/html;q=0.1, application/json',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'cross-site',
    }
    expect(await statusWith(client, 'GET', '/graphql?query={viewer{name}}', headers)).toBe(406)
  })

  it.each<[string, Record<string, string>]>([
    ['of this gateway', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:80' }],
    [
      'of this gateway behind a proxy that changes the host',
      { 'sec-fetch-site': 'same-origin', origin: 'https://api.example.com' },
    ],
    ['of this gateway in an old browser', { origin: 'http://LOCALHOST' }],
    [
      'of an allowed origin',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: 'https://app.example.com' },
    ],
    ['that the user has entered', { 'sec-fetch-site': 'none' }],
  ])('%s are answered', async (_, headers) => {
    const client = await opened({ corsOrigins: ['https://app.example.com'] })
    for (const method of ['GET', 'POST']) {
      const sent = { ...json, accept: 'application/json', host: 'localhost', ...headers }
      expect(await statusWith(client, method, '/graphql?query={viewer{name}}', sent)).toBe(200)
    }
  })
})

describe('The schema and GraphiQL', () => {
  it('are available to principals with sipis:ops', async () => {
    const client = await opened({ authenticate })
    const schema = '{ __schema { queryType { name } } }'
    expect(await client.ask(schema, {}, 'ops')).toEqual({ __schema: { queryType: { name: 'Query' } } })
    for (const name of ['reader', 'device']) {
      for (const query of [
        schema,
        '{ __type(name: "Call") { name } }',
        'query A { viewer { ...F } } fragment F on Viewer { name } query B { a: __schema { queryType { name } } }',
      ]) {
        const { data, errors } = await client.answer(query, {}, name)
        expect([data, errors?.map(({ extensions }) => extensions)]).toEqual([
          undefined,
          [{ code: 'FORBIDDEN', requires: ['sipis:ops'] }],
        ])
      }
    }
    // The decision for one caller is not cached for the next.
    expect(await client.ask(schema, {}, 'ops')).toBeTruthy()
    const page = (name: string) =>
      fetch(`${client.url}/graphql`, { headers: { accept: 'text/html', authorization: `Bearer ${name}` } })
    expect((await page('ops')).headers.get('content-type')).toMatch(/^text\/html/)
    expect((await page('device')).status).toBe(406)
    const limited = await opened({ authenticate, rateLimits: { costPerMinute: 20_000 } })
    const statuses = []
    for (let n = 0; n < 3; n++)
      statuses.push(await statusWith(limited, 'GET', '/graphql', { accept: 'text/html', authorization: 'Bearer ops' }))
    expect(statuses).toEqual([200, 200, 429])
    expect((await page('nobody')).status).toBe(401)
  })

  it('are not revealed by errors: no message contains suggestions', async () => {
    const client = await opened({ authenticate })
    const mistakes = [
      '{ viewr { name } }',
      '{ viewer { nam } }',
      '{ calls(frst: 1) { nodes { id } } }',
      '{ calls(orderBy: NEWEST_FIRS) { nodes { id } } }',
      '{ calls { nodes { ... on Cal { id } } } }',
      '{ calls(filter: { sinc: "x" }) { nodes { id } } }',
    ]
    for (const query of mistakes)
      expect(JSON.stringify(await client.answer(query, {}, 'reader'))).not.toMatch(
        /[Dd]id you mean|NEWEST_FIRST|"viewer/,
      )
    const variable = await client.answer(
      'query ($o: TimeOrder, $f: CallFilter) { calls(orderBy: $o, filter: $f) { nodes { id } } }',
      { o: 'NEWEST', f: { sinc: 1 } },
      'reader',
    )
    expect(JSON.stringify(variable)).not.toMatch(/did you mean/i)
  })

  it('are not echoed: messages are short for any length of the mistake', async () => {
    const client = await opened({ authenticate })
    const long = 'x'.repeat(50_000)
    for (const query of [
      `{ ${long} }`,
      `{ viewer { ${long} } }`,
      `query ($${long}: Int) { viewer { name } }`,
      `{ selector(name: 5${long}) { id } }`,
    ]) {
      expect(JSON.stringify(await client.answer(query, {}, 'reader')).length).toBeLessThan(3_000)
    }
    const answer = await client.answer('query ($a: Int) { calls(first: $a) { nodes { id } } }', { a: long }, 'reader')
    expect(JSON.stringify(answer).length).toBeLessThan(3_000)
  })
})

describe('The audit log', () => {
  it('records who did what to which selector with what outcome, and hashes the selector with a key', async () => {
    const lines: string[] = []
    const audit = createAudit(pino({ base: null }, { write: (line: string) => lines.push(line) }), 'key')
    const client = await opened({ authenticate, audit })
    await client.answer(
      'query Mine($secret: String) { viewer { selector { id } } calls(filter: { caller: { username: $secret } }) { totalCount } }',
      { secret: 'canary' },
      'device',
    )
    await client.answer('{ selectors { nodes { id } } }', {}, 'reader')
    await client.answer('{ selector(name: "x") { id } ', {}, 'reader')
    const [mine, all, broken] = lines.map((line) => JSON.parse(line))
    expect(mine).toMatchObject({
      audit: true,
      who: expect.stringMatching(/^device:[0-9a-f]{16}$/),
      scopes: ['sipis:own'],
      outcome: 'FORBIDDEN',
      document: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
    expect(all).toMatchObject({
      who: 'key:reader',
      selectors: [mine.who.slice(7)],
      selectorCount: 1,
      rows: 1,
      outcome: 'ok',
      ms: expect.any(Number),
    })
    expect(broken).toMatchObject({ who: 'key:reader', selectors: [], rows: 0, outcome: 'GRAPHQL_PARSE_FAILED' })
    expect(lines.join()).not.toMatch(/canary|12869E0E/)
  })
})
