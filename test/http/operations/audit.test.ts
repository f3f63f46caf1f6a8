import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAudit } from '../../../src/http/operations/audit.ts'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { authenticateAs, device, tool } from '../../support/principals.ts'
import { addSelector, selectorNamed } from '../../support/rows.ts'
import { until } from '../../support/until.ts'

interface Line {
  readonly id: string
  readonly part: number
  readonly parts: number
  readonly who: string
  readonly operation?: string
  readonly document?: string
  readonly selectors: readonly string[]
  readonly selectorCount: number
  readonly rows: number
  readonly outcome: string
}

const count = 250
const authenticate = authenticateAs([
  tool('reader', 'sipis:read'),
  tool('pusher', 'sipis:read', 'sipis:tokens'),
  tool('ops', 'sipis:ops'),
  device('device', selectorNamed(1)),
])
const hashed = (selector: string) => createHmac('sha256', 'key').update(selector).digest('hex').slice(0, 16)

let own: TestDatabase
const clients: Client[] = []
beforeAll(async () => {
  own = await cloneDatabase('V2')
  for (let n = 1; n <= count; n++) await addSelector({ version: 'V2', sql: own.sql }, n)
})
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

async function opened(options: ClientOptions = {}) {
  const lines: Line[] = []
  const audit = createAudit(pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) }), 'key')
  const client = await openClient(openReader(own.url), { authenticate, audit, ...options })
  clients.push(client)
  return { client, lines }
}

const nodeId = (text: string) => Buffer.from(text).toString('base64url')

describe('The audit log', () => {
  it('contains every selector that was read, in several lines for one operation', async () => {
    const { client, lines } = await opened()
    await client.answer(
      '{ a: selectors(first: 100) { nodes { id } } b: selectors(last: 100) { nodes { id } } c: selectors(first: 100, orderBy: NAME_ASC) { nodes { id } } }',
      {},
      'reader',
    )
    const [first] = lines
    expect(lines.map(({ part, parts, id }) => [part, parts, id])).toEqual(
      lines.map((_, n) => [n + 1, first?.parts, first?.id]),
    )
    const named = new Set(lines.flatMap(({ selectors }) => selectors))
    expect(first?.parts).toBeGreaterThan(1)
    expect(named.size).toBe(first?.selectorCount)
    expect(named.size).toBeGreaterThan(100)
    await client.answer('{ viewer { name } }', {}, 'reader')
    expect(lines.at(-1)).toMatchObject({ part: 1, parts: 1, selectors: [], selectorCount: 0 })
    expect(lines.at(-1)?.id).not.toBe(first?.id)
  })

  it.each<[string, string, object]>([
    ['an argument', '{ selector(name: "canary") { id } }', {}],
    ['a variable', 'query ($s: String!) { selector(name: $s) { id } }', { s: 'canary' }],
    ['a default', 'query ($s: String! = "canary") { selector(name: $s) { id } }', {}],
    ['a filter', '{ selectors(filter: { prefix: "canary" }) { totalCount } }', {}],
    ['a filter of installations', '{ selectors(filter: { installationsOf: "canary" }) { totalCount } }', {}],
    ['a filter of push tests', '{ pushTests(filter: { selectorName: "canary" }) { totalCount } }', {}],
    [
      'a filter of push tests in a variable',
      'query ($f: PushTestFilter) { pushTests(filter: $f) { totalCount } }',
      { f: { selectorName: 'canary' } },
    ],
    [
      'a filter in a variable',
      'query ($f: SelectorFilter) { selectors(filter: $f) { nodes { id } } }',
      { f: { suffix: 'canary' } },
    ],
    [
      'a default filter',
      'query ($f: SelectorFilter = { prefix: "canary" }) { selectors(filter: $f) { nodes { id } } }',
      {},
    ],
    ['an id', 'query ($i: ID!) { node(id: $i) { id } }', { i: nodeId('Selector:canary') }],
    ['the id of a call', 'query ($i: ID!) { node(id: $i) { id } }', { i: nodeId('Call:5:canary') }],
    ['the id of a token', 'query ($i: ID!) { node(id: $i) { id } }', { i: nodeId('Token:5:canary') }],
    ['the id of a message', 'query ($i: ID!) { nodes(ids: [$i]) { id } }', { i: nodeId('Message:5:canary') }],
    ['the id of a push test', 'query ($i: ID!) { node(id: $i) { id } }', { i: nodeId('PushTest:["canary","p"]') }],
    [
      'a list of ids',
      'query ($i: [ID!]!) { nodes(ids: $i) { id } }',
      { i: [nodeId('Selector:canary'), nodeId('Call:1:x')] },
    ],
  ])(
    'contains a selector that is requested by %s, found or not, permitted or not, answered or rejected',
    async (_, query, variables) => {
      const refusing = await opened({ rateLimits: { costPerMinute: 0 } })
      const answering = await opened()
      for (const { client, lines } of [answering, refusing]) {
        for (const name of ['reader', 'device']) {
          await client.answer(query, variables, name)
          expect([name, lines.at(-1)?.outcome, lines.at(-1)?.selectors]).toEqual([
            name,
            expect.any(String),
            expect.arrayContaining([hashed('canary')]),
          ])
        }
        expect(JSON.stringify(lines)).not.toContain('canary')
      }
      expect(refusing.lines.map(({ outcome }) => outcome)).toEqual(['RATE_LIMITED', 'RATE_LIMITED'])
    },
  )

  it('contains the operation name of the document, and no invalid name', async () => {
    const { client, lines } = await opened()
    const post = (body: object) =>
      fetch(`${client.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer reader' },
        body: JSON.stringify(body),
      })
    const two = 'query A { viewer { name } } query B { viewer { name } }'
    await post({ query: 'query Alone { viewer { name } }' })
    await post({ query: 'query Alone { viewer { name } }', operationName: '' })
    await post({ query: two, operationName: 'B' })
    await post({ query: two })
    await post({ query: two, operationName: 'canary' })
    await post({ query: '{ viewer { name } }' })
    await post({ query: 'query Alone { viewer { name } }', operationName: 'canary' })
    await post({ query: '{', operationName: 'canary secret' })
    expect(lines.slice(6).map(({ operation }) => operation)).toEqual(['Alone', 'not a name'])
    lines.length = 6
    expect(lines.map(({ operation }) => operation)).toEqual(['Alone', 'Alone', 'B', undefined, undefined, undefined])
  })

  it('contains that a device asked for selectors that are not its own, found or not, and by which operation', async () => {
    const { client, lines } = await opened()
    const ask = async (name: string, query: string) => {
      await client.answer(query, {}, name)
      return lines.at(-1)
    }
    const own = 'query Own { viewer { selector { id } } }'
    expect(await ask('device', own)).not.toHaveProperty('foreignSelectors')
    const another = `query Another { selector(name: "${selectorNamed(2)}") { id } }`
    expect(await ask('device', another)).toMatchObject({ foreignSelectors: 1, operation: 'Another', outcome: 'ok' })
    const two = `{ nodes(ids: ["${nodeId('Selector:canary')}", "${nodeId(`Call:1:${selectorNamed(3)}`)}"]) { id } }`
    expect(await ask('device', two)).toMatchObject({ foreignSelectors: 2 })
    expect(await ask('device', '{ selectors(filter: { prefix: "canary" }) { totalCount } }')).toMatchObject({
      foreignSelectors: 1,
      outcome: 'FORBIDDEN',
    })
    expect(await ask('reader', another)).not.toHaveProperty('foreignSelectors')
  })

  it('contains how many push tokens were revealed in clear', async () => {
    await addSelector({ version: 'V2', sql: own.sql }, 900)
    await own.sql(
      `INSERT INTO tokens (selector, appid, token) VALUES ('${selectorNamed(900)}', 'a', 'b'), ('${selectorNamed(900)}', 'c', 'd')`,
    )
    const { client, lines } = await opened()
    const query = (field: string) => `{ selector(name: "${selectorNamed(900)}") { tokens { nodes { ${field} } } } }`
    await client.answer(query('token'), {}, 'pusher')
    expect(lines.at(-1)).toMatchObject({ revealedTokens: 2, outcome: 'ok' })
    await client.answer(query('fingerprint'), {}, 'pusher')
    expect(lines.at(-1)).not.toHaveProperty('revealedTokens')
    await client.answer(query('token'), {}, 'reader')
    expect(lines.at(-1)).not.toHaveProperty('revealedTokens')
  })

  it.each<[string, string, ClientOptions]>([
    ['is not valid', 'query Named { selector(name: "canary") { nothing } }', {}],
    ['is too long', 'query Named { selector(name: "canary") { id name id } }', { limits: { repeats: 1 } }],
    ['costs too much', 'query Named { selector(name: "canary") { id name } }', { limits: { cost: 1 } }],
    ['queries the schema', 'query Named { selector(name: "canary") { id } __schema { description } }', {}],
    ['is a mutation', 'mutation Named { selector(name: "canary") }', {}],
    [
      'has a value of the wrong type',
      'query Named { selector(name: "canary") { calls(first: "x") { totalCount } } }',
      {},
    ],
  ])('contains name, document and selectors of an operation that %s', async (_, query, options) => {
    const { client, lines } = await opened(options)
    await client.answer(query, {}, 'reader')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      operation: 'Named',
      document: expect.stringMatching(/^[0-9a-f]{16}$/),
      selectors: [hashed('canary')],
      outcome: expect.not.stringMatching(/^ok$/),
    })
  })

  it('contains failures of every kind', async () => {
    const failing = await opened({
      rateLimits: { costPerMinute: 1_000 },
      limits: { bodyBytes: 500, concurrentPerCaller: 1 },
    })
    const { client, lines } = failing
    const post = (body: string, headers: Record<string, string> = {}) =>
      fetch(`${client.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer reader', ...headers },
        body,
      })
    const outcomeOf = async (work: Promise<unknown>) => {
      lines.length = 0
      await work
      return lines.map(({ outcome }) => outcome).join()
    }
    expect(await outcomeOf(post('{'))).toBe('BAD_USER_INPUT')
    expect(await outcomeOf(post('{"query":5}'))).toBe('BAD_USER_INPUT')
    expect(await outcomeOf(post('x'.repeat(600)))).toBe('TOO_COSTLY')
    expect(await outcomeOf(post('', { 'content-type': 'text/plain' }))).toBe('BAD_USER_INPUT')
    expect(await outcomeOf(post('', { accept: 'image/png' }))).toBe('BAD_USER_INPUT')
    expect(await outcomeOf(post('{"query":"{"}'))).toBe('GRAPHQL_PARSE_FAILED')
    expect(await outcomeOf(post('{"query":"{ nothing }"}'))).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(await outcomeOf(post('{"query":"{ __schema { description } }"}'))).toBe('FORBIDDEN')
    expect(await outcomeOf(post('{"query":"mutation { a }"}'))).toMatch(/GRAPHQL_VALIDATION_FAILED/)
    expect(await outcomeOf(post('{"query":"{ calls(after: \\"x\\") { nodes { id } } }"}'))).toBe('BAD_USER_INPUT')
    expect(
      await outcomeOf(
        post('{"query":"{ selectors(first: 100) { nodes { calls(first: 100) { nodes { id callId } } } } }"}'),
      ),
    ).toBe('RATE_LIMITED')
  })

  it('contains a server error as INTERNAL', async () => {
    const example = {
      username: '',
      get selector(): string {
        throw new Error('not to be shown')
      },
    }
    const { client, lines } = await opened({ example })
    const page = await fetch(`${client.url}/graphql`, { headers: { accept: 'text/html', authorization: 'Bearer ops' } })
    expect([page.status, lines.map(({ who, outcome }) => [who, outcome])]).toEqual([500, [['key:ops', 'INTERNAL']]])
  })

  it('records that a caller disconnected before its body was complete', async () => {
    const { client, lines } = await opened()
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1')
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer reader\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{',
    )
    await once(socket, 'connect')
    setTimeout(() => socket.destroy(), 50)
    await until('it is written', () => lines.length > 0)
    expect(lines[0]?.outcome).toMatch(/^DISCONNECTED BAD_USER_INPUT$/)
  })

  it('records that a caller disconnected while its statement ran', async () => {
    const { client, lines } = await opened()
    await own.sql('BEGIN; LOCK TABLE selectors IN ACCESS EXCLUSIVE MODE')
    const leaving = new AbortController()
    const asked = fetch(`${client.url}/graphql`, {
      method: 'POST',
      signal: leaving.signal,
      headers: { 'content-type': 'application/json', authorization: 'Bearer reader' },
      body: JSON.stringify({ query: '{ selectors { totalCount } }' }),
    }).catch(() => undefined)
    await until('it has begun', () => client.statements().length > 0)
    leaving.abort()
    await asked
    await until('it is written', () => lines.length > 0)
    await own.sql('ROLLBACK')
    expect(lines[0]?.outcome).toMatch(/^DISCONNECTED/)
  })
})
