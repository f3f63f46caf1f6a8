import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TypedDocumentNode } from '@apollo/client'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { OperationTypeNode } from 'graphql'
import { countedFetch } from '../shared/counted.ts'
import { concludePushTest, ownOf, storeCalls, storePushTest, until } from '../shared/sipis.ts'
import { stage } from '../shared/stage.ts'
import { SseLink } from './sse-link.ts'

const { selector, credential } = ownOf('apollo')

function clientOf(fetch: typeof globalThis.fetch) {
  const [uri, headers] = [stage.urls.api, { authorization: `Bearer ${credential}` }]
  const isSubscription = ({ operationType }: ApolloLink.Operation) => operationType === OperationTypeNode.SUBSCRIPTION
  return new ApolloClient({
    link: ApolloLink.split(isSubscription, new SseLink(uri, headers), new HttpLink({ uri, fetch, headers })),
    cache: new InMemoryCache(),
  })
}

interface PushTests {
  readonly selector: {
    readonly pushTests: { readonly nodes: readonly { readonly pushId: string; readonly concluded: string | null }[] }
  }
}
const pushTests: TypedDocumentNode<PushTests, { name: string }> = gql`
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

interface Changes {
  readonly changes: {
    readonly events: readonly { readonly __typename: string; readonly callId?: string }[]
    readonly token: string
    readonly reset: string | null
  }
}
const changes: TypedDocumentNode<Changes, { selector: string; since?: string }> = gql`
  subscription Changes($selector: String!, $since: String) {
    changes(selector: $selector, since: $since) {
      events {
        id
        time
        ... on Call {
          callId
        }
        ... on PushTest {
          pushId
          concluded
        }
      }
      token
      reset
    }
  }
`

describe('A subscription of Apollo Client over graphql-sse', () => {
  /** All that a subscription has received. */
  function subscribe(client: ApolloClient, since?: string) {
    const received: Changes['changes'][] = []
    const variables = { selector, ...(since === undefined ? {} : { since }) }
    const stream = client.subscribe({ query: changes, variables }).subscribe(({ data, error }) => {
      if (error !== undefined) throw error
      if (data != null) received.push(data.changes)
    })
    return { received, stream }
  }

  it('updates what is shown by its id, without another request', async () => {
    await storePushTest(selector, 'apollo')
    const counted = countedFetch()
    const client = clientOf(counted.fetch)
    const shown: (string | null | undefined)[] = []
    const watched = client.watchQuery({ query: pushTests, variables: { name: selector } }).subscribe(({ data }) => {
      const nodes = data?.selector?.pushTests?.nodes
      if (nodes !== undefined) shown.push(nodes.find((node) => node?.pushId === 'apollo')?.concluded)
    })
    const { received, stream } = subscribe(client)
    await until('the first answers', () => shown.length === 1 && received.length === 1)
    await concludePushTest('apollo')
    await until('the push test has concluded', () => shown.length === 2)
    deepStrictEqual(
      shown.map((concluded) => typeof concluded),
      ['object', 'string'],
    )
    strictEqual(counted.count(), 1)
    watched.unsubscribe()
    stream.unsubscribe()
    client.stop()
  })

  it('goes on after its last token', async () => {
    const client = clientOf(fetch)
    const first = subscribe(client)
    await until('a token', () => first.received.length === 1)
    first.stream.unsubscribe()
    await storeCalls(selector, 'meanwhile')
    const again = subscribe(client, first.received[0]?.token)
    const callIds = () => again.received.flatMap(({ events }) => events.map(({ callId }) => callId))
    await until('what came meanwhile', () => callIds().length > 0)
    deepStrictEqual([callIds(), again.received[0]?.reset], [['meanwhile'], null])
    again.stream.unsubscribe()
    client.stop()
  })
})
