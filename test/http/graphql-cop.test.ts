/** The checks of the scanner graphql-cop, reimplemented and run as each kind of caller. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CredentialError } from '../../src/auth/credential-error.ts'
import type { Principal } from '../../src/auth/principal.ts'
import type { Database } from '../../src/database/database.ts'
import type { Client, ClientOptions } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

interface Seen {
  readonly status: number
  readonly text: string
  /** The JSON body of the response; undefined if it is not JSON. */
  readonly json: unknown
}

type Send = (path: string, init?: RequestInit) => Promise<Seen>

/** Whether the vulnerability exists. */
type Probe = (send: Send, url: string) => Promise<boolean>

const json = { 'content-type': 'application/json' }

const post = (send: Send, body: unknown) =>
  send('/graphql', { method: 'POST', headers: json, body: JSON.stringify(body) })

const hasData = ({ json }: Seen) =>
  typeof json === 'object' && json !== null && 'data' in json && json.data !== null && json.data !== undefined

const errorsOf = ({ json }: Seen): unknown[] =>
  typeof json === 'object' && json !== null && 'errors' in json && Array.isArray(json.errors) ? json.errors : []

const answers = (query: string) => async (send: Send) => hasData(await post(send, { query }))

const suggests = (query: string, variables?: object) => async (send: Send) =>
  /did you mean/i.test((await post(send, { query, variables })).text)

const repeated = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

/** GraphiQL at /graphql is a page without data, for everybody. */
const pages = ['/graphiql', '/playground', '/console', '/graphql-explorer', '/altair', '/voyager']

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

/** Checks that operators with introspection may fail. */
const forOperators: Readonly<Record<string, Probe>> = {
  'introspection by __schema': answers('query cop { __schema { types { name fields { name } } } }'),
  'introspection by __type': answers('{ __type(name: "Query") { name } }'),
  'introspection in a fragment': answers('{ ...F } fragment F on Query { __schema { queryType { name } } }'),
}

const forEveryone: Readonly<Record<string, Probe>> = {
  'another IDE': async (send) => {
    const found = await Promise.all(pages.map((path) => send(path, { headers: html })))
    return found.some(({ text }) => /graphi\s?ql|playground|altair|voyager|apollo|<html/i.test(text))
  },
  'alias overloading': answers(`query cop { ${repeated(101, (n) => `alias${n}: __typename`)} }`),
  'array batching': async (send) => {
    const seen = await post(
      send,
      Array.from({ length: 12 }, () => ({ query: 'query cop { __typename }' })),
    )
    return Array.isArray(seen.json) || hasData(seen)
  },
  'an array of one': async (send) => {
    const seen = await post(send, [{ query: '{ __typename }' }])
    return Array.isArray(seen.json) || hasData(seen)
  },
  'directive overloading': async (send) =>
    errorsOf(await post(send, { query: `query cop { __typename ${'@aa'.repeat(10)} }` })).length >= 10,
  'directives without end': async (send) =>
    errorsOf(await post(send, { query: `{ __typename ${'@aa'.repeat(400)} }` })).length > 1,
  'circular fragments': async (send) => {
    const seen = await post(send, { query: '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }' })
    return hasData(seen) || seen.status >= 500
  },
  'circular introspection': answers(
    `query cop { __schema { types { ${'fields { type { '.repeat(5)} fields { name } ${'} }'.repeat(5)} } } }`,
  ),
  'field duplication': answers(`query cop { ${repeated(500, () => '__typename')} }`),
  'suggestions of fields': suggests('query cop { viewe { name } selector_ calss }'),
  'suggestions of the schema’s own fields': suggests('query cop { __schema { directive } }'),
  'suggestions of arguments': suggests('{ calls(frist: 1) { totalCount } }'),
  'suggestions of values': suggests('{ calls(orderBy: NEWEST_FRIST) { totalCount } }'),
  'suggestions of values in text': suggests('{ calls(orderBy: "NEWEST_FIRST") { totalCount } }'),
  'suggestions of values in variables': suggests('query ($o: TimeOrder) { calls(orderBy: $o) { totalCount } }', {
    o: 'NEWEST_FRIST',
  }),
  'suggestions of input fields': suggests('{ calls(filter: { sinc: "x" }) { totalCount } }'),
  'suggestions of input fields in variables': suggests('query ($f: CallFilter) { calls(filter: $f) { totalCount } }', {
    f: { sinc: 'x' },
  }),
  'suggestions of types': suggests('{ ... on Qery { viewer { name } } }'),
  'suggestions of types of variables': suggests('query ($f: CalFilter) { calls(filter: $f) { totalCount } }'),
  'suggestions of directives': suggests('{ __typename @skipp(if: true) }'),
  'queries by GET from a tool or another page': async (_, url) => {
    const accepts = ['*/*', 'image/avif,image/*,*/*;q=0.8', 'text/css,*/*;q=0.1', undefined]
    const seen = await Promise.all(accepts.map((accept) => bareGet(url, accept)))
    return seen.some(hasData)
  },
  'mutations by GET': async (send) =>
    hasData(
      await send('/graphql?query=mutation%20cop%20%7B__typename%7D', { headers: { accept: 'application/json' } }),
    ),
  'mutations by POST': answers('mutation cop { __typename }'),
  'a POST with its query in the address': async (send) =>
    hasData(await send('/graphql?query={__typename}', { method: 'POST' })) ||
    hasData(await send('/graphql?query={__typename}', { method: 'POST', headers: json, body: '{}' })),
  'a POST of a form': async (send) =>
    hasData(await send('/graphql', { method: 'POST', body: new URLSearchParams({ query: '{ __typename }' }) })),
  'a POST of a form with files': async (send) => {
    const form = new FormData()
    form.set('operations', '{"query":"{ __typename }"}')
    form.set('map', '{}')
    return hasData(await send('/graphql', { method: 'POST', body: form }))
  },
  'a POST of plain text': async (send) =>
    hasData(
      await send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: '{"query":"{__typename}"}',
      }),
    ),
  'a POST of GraphQL': async (send) =>
    hasData(
      await send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/graphql' },
        body: '{__typename}',
      }),
    ),
  tracing: async (send) =>
    /"(tracing|trace|stacktrace|exception|debug)"/i.test(
      (await post(send, { query: 'query cop { __typename }' })).text,
    ),
  'unhandled errors': async (send) => {
    const seen = await Promise.all(
      ['qwerty cop { abc }', '{ __typename', '{ node(id: "%") { id } }', '', '\0'].map((query) =>
        post(send, { query }),
      ),
    )
    return seen.some(({ status, text }) => status >= 500 || /exception|stack|node_modules|\.[jt]s:\d/i.test(text))
  },
  'other addresses that answer': async (send) => {
    const paths = [
      '/graphql/',
      '/api/graphql',
      '/v1/graphql',
      '/graph',
      '/gql',
      '/query',
      '/graphql.php',
      '/graphql/console',
    ]
    const seen = await Promise.all(
      paths.map((path) => send(path, { method: 'POST', headers: json, body: '{"query":"{__typename}"}' })),
    )
    return seen.some(({ status }) => status !== 404)
  },
  'headers that reveal the implementation': async (_, url) => {
    const { headers } = await fetch(url)
    return ['server', 'x-powered-by'].some((name) => headers.has(name))
  },
}

/** Without the headers by which fetch identifies a script. */
async function bareGet(url: string, accept: string | undefined): Promise<Seen> {
  const asked = get(`${url}/graphql?query={__typename}`, { headers: accept === undefined ? {} : { accept } })
  const [response]: IncomingMessage[] = await once(asked, 'response')
  let body = ''
  for await (const part of response ?? []) body += part
  return { status: response?.statusCode ?? 0, text: body, json: parsed(body) }
}

const principal: Principal = { id: 'test', name: 'test', scopes: ['sipis:read'], selector: null }

const callers: Readonly<Record<string, ClientOptions>> = {
  'an open gateway on this machine': {},
  'a principal without sipis:ops': { authenticate: async () => principal },
  'a principal with every scope except sipis:ops': {
    authenticate: async () => ({ ...principal, scopes: ['sipis:read', 'sipis:tokens', 'sipis:settings'] }),
  },
  'a caller without a credential': {
    authenticate: async () => {
      throw new CredentialError('none')
    },
  },
}

describe.each(Object.keys(callers))('For %s there is no vulnerability such as', (caller) => {
  const isOpen = caller === 'an open gateway on this machine'
  let own: TestDatabase
  let database: Database
  let client: Client
  let send: Send

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 3 })
    database = openReader(own.url)
    client = await openClient(database, callers[caller])
    send = async (path, init = {}) => {
      const response = await fetch(client.url + path, init)
      const text = await response.text()
      return { status: response.status, text, json: parsed(text) }
    }
  })
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]()
    await database?.close()
    await own?.[Symbol.asyncDispose]()
  })

  it.each(Object.entries(forEveryone))('%s', async (_, probe) => {
    expect(await probe(send, client.url)).toBe(false)
  })

  it.each(Object.entries(forOperators))('%s, except for callers that may read the schema', async (_, probe) => {
    expect(await probe(send, client.url)).toBe(isOpen)
  })

  it('an error in the log', () => {
    expect(client.log.filter((line) => line.includes('"level":50'))).toEqual([])
  })

  it.skipIf(caller === 'a caller without a credential')('a missing response', async () => {
    expect(await answers('{ viewer { name } }')(send)).toBe(true)
  })
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
