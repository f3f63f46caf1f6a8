import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ExecutionResult } from '@urql/core'
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import type { IntrospectionQuery } from 'graphql'
import { buildSchema, introspectionFromSchema } from 'graphql'
import { createClient } from 'graphql-sse'
import { countedFetch } from '../shared/counted.ts'
import { concludePushTest, ownOf, storePushTest, until } from '../shared/sipis.ts'
import { stage } from '../shared/stage.ts'

const sdl = await readFile(fileURLToPath(import.meta.resolve('sipis-gateway/schema.graphql')), 'utf8')
const schema: IntrospectionQuery = introspectionFromSchema(buildSchema(sdl))

const { selector, credential } = ownOf('urql')

function clientOf(fetch: typeof globalThis.fetch): Client {
  const headers = { authorization: `Bearer ${credential}` }
  const sse = createClient({ url: stage.urls.api, headers })
  const overSse = subscriptionExchange({
    forwardSubscription: ({ query = '', variables = {} }) => ({
      subscribe: (sink) => ({
        unsubscribe: sse.subscribe<Record<string, unknown>>(
          { query, variables },
          {
            next: (result) => sink.next(result as ExecutionResult),
            error: sink.error,
            complete: sink.complete,
          },
        ),
      }),
    }),
  })
  return new Client({
    url: stage.urls.api,
    fetch,
    preferGetMethod: false,
    exchanges: [cacheExchange({ schema }), fetchExchange, overSse],
    fetchOptions: { headers },
  })
}

interface PushTests {
  readonly selector: {
    readonly pushTests: { readonly nodes: readonly { readonly pushId: string; readonly concluded: string | null }[] }
  }
}
const pushTests = gql<PushTests, { name: string }>`
  query PushTests($name: String!) {
    selector(name: $name) {
      id
      pushTests(first: 100) {
        nodes {
          id
          pushId
          concluded
        }
      }
    }
  }
`
const changes = gql<{ changes: { token: string } }, { selector: string }>`
  subscription Changes($selector: String!) {
    changes(selector: $selector) {
      events {
        id
        ... on PushTest {
          pushId
          concluded
        }
      }
      token
    }
  }
`

it('A subscription of urql over graphql-sse updates what graphcache shows by its id, without another request', async () => {
  await storePushTest(selector, 'urql')
  const counted = countedFetch()
  const client = clientOf(counted.fetch)
  const shown: (string | null | undefined)[] = []
  const watched = client.query(pushTests, { name: selector }).subscribe(({ data }) => {
    if (data !== undefined) shown.push(data.selector.pushTests.nodes.find(({ pushId }) => pushId === 'urql')?.concluded)
  })
  const tokens: (string | undefined)[] = []
  const stream = client.subscription(changes, { selector }).subscribe(({ data, error }) => {
    if (error !== undefined) throw error
    tokens.push(data?.changes.token)
  })
  await until('the first answers', () => shown.length === 1 && tokens.length === 1)
  await concludePushTest('urql')
  await until('the push test has concluded', () => shown.length === 2)
  deepStrictEqual(
    shown.map((concluded) => typeof concluded),
    ['object', 'string'],
  )
  strictEqual(counted.count(), 1)
  watched.unsubscribe()
  stream.unsubscribe()
})
