import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Exchange } from '@urql/core'
import { Client, fetchExchange, gql, stringifyDocument } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import { persistedExchange } from '@urql/exchange-persisted'
import type { IntrospectionQuery } from 'graphql'
import { buildSchema, introspectionFromSchema } from 'graphql'
import { countedFetch } from '../shared/counted.ts'
import { failingDocuments, halves } from '../shared/documents.ts'
import { checkFailures } from '../shared/failures.ts'
import { startGateway } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'
import { parts } from './types.ts'

const sdl = await readFile(fileURLToPath(import.meta.resolve('sipis-gateway/schema.graphql')), 'utf8')
/** Has graphcache look up unions and interfaces, and warn of fields that the schema does not have. */
const schema: IntrospectionQuery = introspectionFromSchema(buildSchema(sdl))

const keys = Object.fromEntries(parts.map((name) => [name, () => null]))
/** What graphcache complains of. */
const complaints: string[] = []
const cache = () =>
  cacheExchange({
    schema,
    keys,
    resolvers: { Selector: { calls: relayPagination() } },
    logger: (severity, message) => {
      if (severity !== 'debug') complaints.push(message)
    },
  })
const persisted = () => persistedExchange({ enableForMutation: false, preferGetForPersistedQueries: true })

function clientOf(url: string, credential: string, exchanges: Exchange[], { fetch = globalThis.fetch } = {}) {
  return new Client({
    url,
    fetch,
    preferGetMethod: false,
    exchanges: [...exchanges, fetchExchange],
    fetchOptions: { headers: { authorization: `Bearer ${credential}` } },
  })
}

interface History {
  readonly selector: {
    readonly calls: {
      readonly edges: readonly { readonly node: { readonly id: string } }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  }
}

const history = gql<History, { name: string; after?: string | null }>`
  query History($name: String!, $after: String) {
    selector(name: $name) {
      id
      calls(first: 20, after: $after) {
        edges {
          node {
            id
            time
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`

describe('urql', () => {
  it('puts the pages of a connection together with graphcache, and finds objects by their ids', async () => {
    const counted = countedFetch()
    const client = clientOf(stage.urls.api, stage.credentials.device, [cache()], counted)
    let ids: string[] = []
    for (let after: string | null = null; ; ) {
      const { data, error } = await client.query<History>(history, { name: stage.selector, after }).toPromise()
      ok(data, error?.message)
      ids = data.selector.calls.edges.map(({ node }) => node.id)
      if (!data.selector.calls.pageInfo.hasNextPage) break
      after = data.selector.calls.pageInfo.endCursor
    }
    deepStrictEqual([new Set(ids).size, counted.count()], [stage.calls, 3])
    const again = await client.query<History>(history, { name: stage.selector, after: null }).toPromise()
    deepStrictEqual([again.data?.selector.calls.edges.length, counted.count()], [stage.calls, 3])
  })

  it('keeps what two queries have read of one object without an id, and complains of nothing', async () => {
    const counted = countedFetch()
    const client = clientOf(stage.urls.api, stage.credentials.device, [cache()], counted)
    for (const half of [...halves, ...halves]) ok((await client.query(half, { name: stage.selector }).toPromise()).data)
    deepStrictEqual([counted.count(), complaints], [2, []])
  })

  checkFailures(async (name, { url, credential, variables }) => {
    const query = gql(failingDocuments().get(name) ?? '')
    const client = clientOf(url, credential, [cache()])
    const { data, error } = await client.query(query, variables).toPromise()
    return { data, errors: error?.graphQLErrors ?? [] }
  })

  const askThrice = async (client: Client) => {
    for (let n = 0; n < 3; n++) {
      const { data, error } = await client.query(history, { name: stage.selector }).toPromise()
      strictEqual(data?.selector.calls.edges.length, 20, error?.message)
    }
  }

  it('asks once more for the first query with the persisted exchange, and once for each after that', async () => {
    const counted = countedFetch()
    await askThrice(clientOf(stage.urls.api, stage.credentials.device, [persisted()], counted))
    strictEqual(counted.count(), 1 + 3)
  })

  it('asks once for each query that the gateway knows by its hash', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'consumer-urql-'))
    const manifest = join(folder, 'manifest.json')
    const text = stringifyDocument(history)
    await writeFile(manifest, JSON.stringify({ [createHash('sha256').update(text).digest('hex')]: text }))
    const settings = { ...stage.settings.api, TRUSTED_DOCUMENTS: manifest, TRUSTED_ONLY: 'true' }
    await using gateway = await startGateway(stage.command, settings)
    const counted = countedFetch()
    await askThrice(clientOf(gateway.url, stage.credentials.device, [persisted()], counted))
    strictEqual(counted.count(), 3)
    await rm(folder, { recursive: true })
  })
})
