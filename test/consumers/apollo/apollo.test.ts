import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TypedDocumentNode } from '@apollo/client'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { relayStylePagination } from '@apollo/client/utilities'
import { print } from 'graphql'
import { countedFetch } from '../shared/counted.ts'
import { failingDocuments, halves } from '../shared/documents.ts'
import type { Seen } from '../shared/failures.ts'
import { checkFailures } from '../shared/failures.ts'
import { startGateway } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'
import { parts, possibleTypes } from './types.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function clientOf(uri: string, credential: string, { links = [] as ApolloLink[], fetch = globalThis.fetch } = {}) {
  return new ApolloClient({
    link: ApolloLink.from([...links, new HttpLink({ uri, fetch, headers: { authorization: `Bearer ${credential}` } })]),
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: {
        ...Object.fromEntries(parts.map((name) => [name, { merge: true }])),
        Selector: { fields: { calls: relayStylePagination(['filter', 'orderBy']) } },
      },
    }),
  })
}

/** The errors as an application finds them. */
function errorsOf(error: unknown): Seen['errors'] {
  if (CombinedGraphQLErrors.is(error)) return error.errors
  if (ServerError.is(error)) return JSON.parse(error.bodyText).errors
  if (error === undefined) return []
  throw error
}

interface History {
  readonly selector: {
    readonly calls: {
      readonly edges: readonly { readonly node: { readonly id: string; readonly time: string } }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  }
}

const history: TypedDocumentNode<History, { name: string; after?: string | null }> = gql`
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
const viewer = gql`query Viewer { viewer { name } }`

describe('Apollo Client', () => {
  it('puts the pages of a connection together with relayStylePagination', async () => {
    const counted = countedFetch()
    const client = clientOf(stage.urls.api, stage.credentials.device, counted)
    const observed = client.watchQuery({ query: history, variables: { name: stage.selector } })
    const subscription = observed.subscribe(() => undefined)
    let { data } = await client.query({ query: history, variables: { name: stage.selector } })
    while (data?.selector.calls.pageInfo.hasNextPage) {
      await observed.fetchMore({ variables: { after: data.selector.calls.pageInfo.endCursor } })
      data = client.readQuery({ query: history, variables: { name: stage.selector } }) ?? undefined
    }
    subscription.unsubscribe()
    const ids = data?.selector.calls.edges.map(({ node }) => node.id)
    deepStrictEqual([new Set(ids).size, counted.count()], [stage.calls, 3])
    client.stop()
  })

  it('keeps what two queries have read of one object without an id', async () => {
    const client = clientOf(stage.urls.api, stage.credentials.device)
    const variables = { name: stage.selector }
    for (const half of halves) ok((await client.query({ query: gql(half), variables })).data)
    for (const half of halves) ok(client.readQuery({ query: gql(half), variables }))
  })

  checkFailures(async (name, { url, credential, variables }) => {
    const client = clientOf(url, credential)
    const query = gql(failingDocuments().get(name) ?? '')
    const { data, error } = await client.query({ query, variables, errorPolicy: 'all' })
    return { data, errors: errorsOf(error) }
  })

  const refusals = [
    ['401', 'UNAUTHENTICATED', stage.urls.api, 'none', viewer],
    ['413', 'TOO_COSTLY', stage.urls.limited, stage.credentials.device, gql`{ ${'a: viewer { name } '.repeat(200)} }`],
    ['429', 'RATE_LIMITED', stage.urls.limited, stage.credentials.device, viewer],
    ['503', 'UNAVAILABLE', stage.urls.keyless, stage.credentials.device, viewer],
  ] as const
  for (const [status, code, url, credential, query] of refusals) {
    it(`shows the code of ${status}: ${code}`, async () => {
      const { error } = await clientOf(url, credential).query({ query, errorPolicy: 'all' })
      ok(CombinedGraphQLErrors.is(error))
      deepStrictEqual(
        error.errors.map(({ extensions }) => extensions?.['code']),
        [code],
      )
    })
  }

  const persisted = () => new PersistedQueryLink({ sha256 })
  const askThrice = async (client: ApolloClient) => {
    for (let n = 0; n < 3; n++) {
      const variables = { name: stage.selector }
      const { data } = await client.query({ query: history, variables, fetchPolicy: 'network-only' })
      strictEqual(data?.selector.calls.edges.length, 20)
    }
  }

  it('asks once more for the first query with persisted links, and once for each after that', async () => {
    const counted = countedFetch()
    await askThrice(clientOf(stage.urls.api, stage.credentials.device, { ...counted, links: [persisted()] }))
    strictEqual(counted.count(), 1 + 3)
  })

  it('asks once for each query that the gateway knows by its hash', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'consumer-apollo-'))
    const manifest = join(folder, 'manifest.json')
    const text = print(new InMemoryCache().transformDocument(history))
    await writeFile(manifest, JSON.stringify({ [sha256(text)]: text }))
    const settings = { ...stage.settings.api, TRUSTED_DOCUMENTS: manifest, TRUSTED_ONLY: 'true' }
    await using gateway = await startGateway(stage.command, settings)
    const counted = countedFetch()
    await askThrice(clientOf(gateway.url, stage.credentials.device, { ...counted, links: [persisted()] }))
    strictEqual(counted.count(), 3)
    await rm(folder, { recursive: true })
  })
})
