import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readManifest } from '../../../src/http/graphql/trusted-manifest.ts'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { addSelector, selectorNamed } from '../../support/rows.ts'

const document = 'query Me { viewer { name } }'
const id = createHash('sha256').update(document).digest('hex')
const manifest = { [id]: document, other: 'query Page($first: Int) { calls(first: $first) { nodes { id } } }' }

let own: TestDatabase
const clients: Client[] = []
const opened = async (options: ClientOptions) => {
  const client = await openClient(openReader(own.url), options)
  clients.push(client)
  return client
}
beforeAll(async () => {
  own = await cloneDatabase('V2')
})
afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

const send = async ({ url }: Client, body: object) => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs with the request.
  const { data, errors } = (await response.json()) as any
  return data ?? [response.status, errors[0].extensions.code]
}
const message = async ({ url }: Client, body: object) => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) })
  const { errors } = (await response.json()) as { errors: { message: string }[] }
  return errors[0]?.message
}
/** As clients of Apollo and urql send it. */
const apq = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } })
const viewer = { viewer: { name: 'open' } }

describe('A trusted document', () => {
  it('is executed by its id, in the form of the specification and of Apollo’s clients, by POST and by GET', async () => {
    const client = await opened({ trustedDocuments: { manifest, only: false } })
    expect(await send(client, { documentId: id })).toEqual(viewer)
    expect(await send(client, { extensions: { persistedQuery: { version: 1, sha256Hash: id } } })).toEqual(viewer)
    const got = await fetch(`${client.url}/graphql?documentId=${id}`, { headers: { accept: 'application/json' } })
    expect(await got.json()).toEqual({ data: viewer })
    expect(await send(client, { documentId: 'other', variables: { first: 0 } })).toEqual({ calls: { nodes: [] } })
    // Other documents are executed as well unless TRUSTED_ONLY is set.
    expect(await send(client, { query: document })).toEqual(viewer)
  })

  it('is found with and without sha256: before its hash, in the request and in the manifest', async () => {
    for (const named of [manifest, { [`sha256:${id}`]: document }]) {
      const client = await opened({ trustedDocuments: { manifest: named, only: true } })
      for (const sent of [id, `sha256:${id}`]) {
        expect(await send(client, { documentId: sent })).toEqual(viewer)
        expect(await send(client, apq(sent))).toEqual(viewer)
      }
    }
  })

  it('that is unknown is PersistedQueryNotFound, with status 200 for clients that send hashes on their own', async () => {
    const client = await opened({ trustedDocuments: { manifest, only: false } })
    expect(await send(client, { documentId: 'x' })).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND'])
    expect(await send(client, { documentId: '__proto__' })).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND'])
    expect(await send(client, apq('0'.repeat(64)))).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND'])
    expect(await message(client, apq('0'.repeat(64)))).toBe('PersistedQueryNotFound')
  })

  it('without a manifest is PersistedQueryNotSupported, so that clients stop to send hashes', async () => {
    const client = await opened({})
    expect(await send(client, { documentId: 'x' })).toEqual([404, 'PERSISTED_QUERY_NOT_SUPPORTED'])
    expect(await send(client, apq(id))).toEqual([200, 'PERSISTED_QUERY_NOT_SUPPORTED'])
    expect(await message(client, apq(id))).toBe('PersistedQueryNotSupported')
    expect(await send(client, { query: document, ...apq(id) })).toEqual(viewer)
  })

  it('with a query that has another hash is BAD_USER_INPUT', async () => {
    const other = '{ viewer { scopes } }'
    for (const options of [{}, { trustedDocuments: { manifest, only: false } }]) {
      const client = await opened(options)
      for (const sent of [apq(id), apq('0'.repeat(64)), apq(`sha256:${id}`), { documentId: `sha256:${id}` }])
        expect(await send(client, { query: other, ...sent })).toEqual([400, 'BAD_USER_INPUT'])
      expect(await send(client, { query: document, ...apq(id.toUpperCase()) })).toEqual(viewer)
      // Other ids are not hashes; one that is unknown says nothing about the query.
      expect(await send(client, { query: document, documentId: 'x' })).toEqual(viewer)
    }
  })

  it('is answered to a GET so that only the cache of the caller keeps it, and is sent once while it is the same', async () => {
    const client = await opened({ trustedDocuments: { manifest, only: false } })
    const get = (search: string, headers: Record<string, string> = {}) =>
      fetch(`${client.url}/graphql?${search}`, {
        headers: { accept: 'application/json', ...headers },
        cache: 'no-store',
      })
    const first = await get(`documentId=${id}`)
    expect([first.status, first.headers.get('cache-control'), first.headers.get('vary')]).toEqual([
      200,
      'private, no-cache',
      'accept, authorization, origin',
    ])
    const etag = first.headers.get('etag') ?? ''
    const again = await get(`documentId=${id}`, { 'if-none-match': `"x", ${etag}` })
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, ''])
    // Another media type, a query of its own, and errors.
    expect(
      (await get(`documentId=${id}`, { accept: 'application/graphql-response+json', 'if-none-match': etag })).status,
    ).toBe(200)
    for (const search of [`query=${document}`, 'documentId=other&variables={"first":-1}'])
      expect((await get(encodeURI(search))).headers.get('cache-control')).toBe('no-store')
  })

  it('is not kept by any cache if it reveals push tokens', async () => {
    const tokens = '{ selectors(first: 1) { nodes { tokens { nodes { token } } } } }'
    await addSelector({ version: 'V2', sql: own.sql }, 1)
    await own.sql(`INSERT INTO tokens (selector, appid, token) VALUES ('${selectorNamed(1)}', 'a', 'b')`)
    const client = await opened({ trustedDocuments: { manifest: { tokens }, only: false } })
    const answer = await fetch(`${client.url}/graphql?documentId=tokens`, { headers: { accept: 'application/json' } })
    expect(await answer.json()).toEqual({ data: { selectors: { nodes: [{ tokens: { nodes: [{ token: 'b' }] } }] } } })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('is the only kind that is executed with TRUSTED_ONLY, even if a query is sent with its id', async () => {
    const client = await opened({ trustedDocuments: { manifest, only: true } })
    expect(await send(client, { documentId: id })).toEqual(viewer)
    const refused = [403, 'DOCUMENT_NOT_TRUSTED']
    expect(await send(client, { query: document })).toEqual(refused)
    expect(await send(client, { query: '{ __schema { types { name } } }' })).toEqual(refused)
    expect(await send(client, { query: document, documentId: 'x' })).toEqual(refused)
    expect(await send(client, { query: '{ a }', ...apq(createHash('sha256').update('{ a }').digest('hex')) })).toEqual(
      refused,
    )
    expect(await send(client, apq('0'.repeat(64)))).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND'])
    expect(await send(client, { query: '{ database { encoding } }', documentId: id })).toEqual([400, 'BAD_USER_INPUT'])
    expect(await send(client, { query: document, documentId: id })).toEqual(viewer)
    expect(await send(client, {})).toEqual(refused)
  })

  it('that is invalid for the schema or too large prevents the start of the gateway', async () => {
    for (const text of ['{', '{ nothing }', `{ ${'viewer { name } '.repeat(60)} }`]) {
      await expect(opened({ trustedDocuments: { manifest: { bad: text }, only: false } })).rejects.toThrow(
        /^The trusted document bad is invalid for this schema: .* Rebuild the manifest\.$/s,
      )
    }
  })
})

describe('A manifest', () => {
  const read = async (content: unknown) => {
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-manifest-'))
    try {
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(content))
      return readManifest(join(folder, 'manifest.json'))
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const format = 'apollo-persisted-query-manifest'
  const operations = [{ id, body: document, name: 'Me', type: 'query' }]

  it('is read in the formats of graphql-codegen, the Relay compiler and Apollo', async () => {
    expect(await read({ [id]: document })).toEqual({ [id]: document })
    expect(await read({ d41d8cd98f00b204e9800998ecf8427e: document })).toEqual({
      d41d8cd98f00b204e9800998ecf8427e: document,
    })
    expect(await read({ format, version: 1, operations })).toEqual({ [id]: document })
  })

  it.each<[string, unknown]>([
    ['of another version', { format, version: 2, operations }],
    ['that is a list', [document]],
    ['with an empty id', { '': document }],
    ['with an operation without a body', { format, version: 1, operations: [{ id }] }],
  ])('%s prevents the start of the gateway', async (_, content) => {
    await expect(read(content)).rejects.toThrow(/is not a manifest/)
  })

  it('with one id for two documents prevents the start of the gateway', async () => {
    await expect(read({ [id]: document, [`sha256:${id}`]: '{ a }' })).rejects.toThrow(/two documents with the id/)
    expect(await read({ [id]: document, [`sha256:${id}`]: document })).toEqual({ [id]: document })
  })
})
