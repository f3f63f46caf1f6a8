import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KeysUnavailable } from '../../../src/auth/credential-error.ts'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { authenticateAs, tool } from '../../support/principals.ts'

const graphql = 'application/graphql-response+json'
const json = 'application/json'
const principals = authenticateAs([tool('reader', 'sipis:read')])

let own: TestDatabase
const clients: Client[] = []
const opened = async (options: ClientOptions = {}) => {
  const client = await openClient(openReader(own.url), { authenticate: principals, ...options })
  clients.push(client)
  return client
}
let client: Client
beforeAll(async () => {
  own = await cloneDatabase('V2')
  client = await opened()
})
afterAll(async () => {
  for (const one of clients) await one[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

interface Sent {
  readonly accept?: string
  readonly body?: string
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
}

/** Without the Accept header that fetch adds. */
async function send({ url }: Client, { accept, body = '{"query":"{ viewer { name } }"}', ...rest }: Sent) {
  const { method = 'POST', path = '/graphql', headers = {} } = rest
  const sent = request(`${url}${path}`, {
    method,
    headers: {
      'content-type': json,
      authorization: 'Bearer reader',
      ...(accept === undefined ? {} : { accept }),
      ...headers,
    },
  })
  sent.end(method === 'GET' ? undefined : body)
  const [response] = await once(sent, 'response')
  const { errors } = JSON.parse(await text(response))
  const type = String(response.headers['content-type']).replace('; charset=utf-8', '')
  return [response.statusCode, type, errors?.[0].extensions.code]
}

describe('A refused request', () => {
  const refusals: [number, string, Sent, ClientOptions?][] = [
    [401, 'UNAUTHENTICATED', { headers: { authorization: 'Bearer stranger' } }],
    [400, 'BAD_USER_INPUT', { body: '{' }],
    [405, 'BAD_USER_INPUT', { method: 'PUT' }],
    [413, 'TOO_COSTLY', { body: 'x'.repeat(600) }, { limits: { bodyBytes: 500 } }],
    [415, 'BAD_USER_INPUT', { headers: { 'content-type': 'text/plain' } }],
    [429, 'RATE_LIMITED', {}, { rateLimits: { costPerMinute: 0 } }],
    [403, 'FORBIDDEN', { headers: { origin: 'https://evil.example' } }],
    [404, 'PERSISTED_QUERY_NOT_SUPPORTED', { body: '{"documentId":"x"}' }],
    [500, 'INTERNAL', {}, { authenticate: () => Promise.reject(new Error('not to be shown')) }],
    [503, 'UNAVAILABLE', {}, { authenticate: () => Promise.reject(new KeysUnavailable('gone')) }],
  ]

  it.each(refusals)(
    'with status %i and code %s has the media type that the caller accepts',
    async (status, code, sent, options) => {
      const asked = options === undefined ? client : await opened(options)
      const typeFor = async (accept?: string) => {
        const [found, type, said] = await send(asked, accept === undefined ? sent : { ...sent, accept })
        expect([accept, found, said]).toEqual([accept, status, code])
        return type
      }
      expect(await typeFor(graphql)).toBe(graphql)
      expect(await typeFor(`${graphql}, ${json};q=0.9`)).toBe(graphql)
      expect(await typeFor(`${graphql};charset=utf-8`)).toBe(graphql)
      expect(await typeFor(json)).toBe(json)
      expect(await typeFor('*/*')).toBe(json)
      expect(await typeFor()).toBe(graphql)
    },
  )

  it('has application/json if the caller accepts neither type, and beside the API', async () => {
    expect(await send(client, { accept: 'image/png' })).toEqual([406, json, 'BAD_USER_INPUT'])
    const unknown = { headers: { authorization: 'Bearer stranger' } }
    expect(await send(client, { ...unknown, accept: 'text/html' })).toEqual([401, json, 'UNAUTHENTICATED'])
    expect(await send(client, { path: '/nothing', accept: graphql })).toEqual([404, json, 'NOT_FOUND'])
  })
})

describe('An operation', () => {
  it('without Accept is answered by the rules of application/graphql-response+json, as the specification says', async () => {
    expect(await send(client, {})).toEqual([200, graphql, undefined])
    const invalid = { body: '{"query":"{ nothing }"}' }
    expect(await send(client, invalid)).toEqual([400, graphql, 'GRAPHQL_VALIDATION_FAILED'])
    expect(await send(client, { ...invalid, accept: '' })).toEqual([400, graphql, 'GRAPHQL_VALIDATION_FAILED'])
  })

  it('is answered as application/json, always with 200, if the caller has no preference', async () => {
    for (const accept of ['*/*', 'application/*', json])
      expect(await send(client, { accept, body: '{"query":"{ nothing }"}' })).toEqual([
        200,
        json,
        'GRAPHQL_VALIDATION_FAILED',
      ])
  })
})
