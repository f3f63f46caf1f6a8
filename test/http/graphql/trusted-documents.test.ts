import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'

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

  it('that is unknown is PERSISTED_QUERY_NOT_FOUND, also without a manifest', async () => {
    const [none, some] = [await opened({}), await opened({ trustedDocuments: { manifest, only: false } })]
    for (const client of [none, some]) {
      expect(await send(client, { documentId: 'x' })).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND'])
      expect(await send(client, { documentId: '__proto__' })).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND'])
    }
  })

  it('that is named by its hash alone is PERSISTED_QUERY_NOT_SUPPORTED where there are none, in the words of Apollo’s clients', async () => {
    const [none, some] = [await opened({}), await opened({ trustedDocuments: { manifest, only: false } })]
    const body = { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }
    expect(await send(some, body)).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND'])
    expect(await send(none, body)).toEqual([200, 'PERSISTED_QUERY_NOT_SUPPORTED'])
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${none.url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) })
    expect(await response.json()).toMatchObject({ errors: [{ message: 'PersistedQueryNotSupported' }] })
    expect(await send(none, { ...body, query: document })).toEqual(viewer)
  })

  it('is the only kind that is executed with TRUSTED_ONLY, even if a query is sent with its id', async () => {
    const client = await opened({ trustedDocuments: { manifest, only: true } })
    expect(await send(client, { documentId: id })).toEqual(viewer)
    expect(await send(client, { query: document })).toEqual([403, 'DOCUMENT_NOT_TRUSTED'])
    expect(await send(client, { query: '{ __schema { types { name } } }' })).toEqual([403, 'DOCUMENT_NOT_TRUSTED'])
    expect(await send(client, { query: document, documentId: 'x' })).toEqual([404, 'PERSISTED_QUERY_NOT_FOUND'])
    expect(await send(client, { query: '{ database { encoding } }', documentId: id })).toEqual(viewer)
    expect(await send(client, {})).toEqual([403, 'DOCUMENT_NOT_TRUSTED'])
  })

  it('that is invalid for the schema or too large prevents the start of the gateway', async () => {
    for (const text of ['{', '{ nothing }', `{ ${'viewer { name } '.repeat(60)} }`]) {
      await expect(opened({ trustedDocuments: { manifest: { bad: text }, only: false } })).rejects.toThrow(
        /^The trusted document bad is invalid for this schema: .* Rebuild the manifest\.$/s,
      )
    }
  })
})
