/** The subgraph of another service of the company: Relay-style, with names of its own that the gateway's API has, too. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { stage } from '../shared/stage.ts'

const link = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])`

const types = `
  scalar DateTime

  interface Node { id: ID! }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type Message { text: String! }
  enum Setting { LOUD SILENT }

  type Phone implements Node @key(fields: "id") {
    id: ID!
    bought: DateTime!
    setting: Setting!
    messages: [Message!]!
    sipis: SipisSelector
  }

  type PhoneConnection { edges: [PhoneEdge!]! nodes: [Phone!]! pageInfo: PageInfo! }
  type PhoneEdge { cursor: String! node: Phone! }

  type SipisSelector @key(fields: "name", resolvable: false) { name: String! }

  type Query {
    node(id: ID!): Node
    viewer: Phone
    messages: [Message!]!
    phones(first: Int): PhoneConnection!
  }
`

export const phonesSdl = `${link}\n${types}`

const directives = `
  directive @key(fields: String!, resolvable: Boolean) repeatable on OBJECT
  directive @shareable on OBJECT
`

const messages = [{ text: 'battery low' }]
const phones = [stage.selector, 'of-nobody'].map((name, n) => ({
  __typename: 'Phone',
  id: `phone:${n}`,
  bought: '2026-11-01T12:00:00.000000Z',
  setting: 'SILENT',
  messages,
  sipis: { name },
}))
const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: '0', endCursor: '1' }

export async function servePhones(): Promise<AsyncDisposable & { readonly url: string }> {
  const schema = createSchema({
    typeDefs: directives + types,
    resolvers: {
      Query: {
        node: (_, { id }) => phones.find((phone) => phone.id === id) ?? null,
        viewer: () => phones[0],
        messages: () => messages,
        phones: () => ({ nodes: phones, edges: phones.map((node, n) => ({ cursor: String(n), node })), pageInfo }),
      },
    },
  })
  const server = createServer(createYoga({ schema, logging: false }))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/graphql`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
