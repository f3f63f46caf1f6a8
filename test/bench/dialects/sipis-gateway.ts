/** The API of this gateway, which the handwritten server implements as well. */
import { z } from 'zod'
import { encodeNodeId } from '../../../src/graph/node-id.ts'
import type { Dialect, Schema } from './dialect.ts'
import { pageSizes } from './page-sizes.ts'
import { bySelector, instant, nextCursor, port, reason } from './rows.ts'

const nodes = <Row extends z.ZodType>(row: Row) => z.object({ nodes: z.array(row) }).transform((page) => page.nodes)
const page = <Row extends z.ZodType>(row: Row) =>
  z.object({ nodes: z.array(row), pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }) })

/** Null where nothing is recorded; the other servers return the empty text of the database. */
const recorded = z
  .string()
  .nullable()
  .transform((text) => text ?? '')

const address = z.object({
  scheme: recorded,
  displayName: recorded,
  username: recorded,
  domain: recorded,
  port,
})
const token = z.object({ appId: z.string(), lastSeen: instant.nullable() })
const call = z
  .object({ time: instant, callId: recorded, missedReason: reason, caller: address })
  .transform(({ caller, ...own }) => ({ ...own, ...caller }))
const callAndSelector = z
  .object({
    time: instant,
    callId: recorded,
    missedReason: reason,
    caller: address,
    selector: z.object({ name: z.string() }),
  })
  .transform(({ caller, selector, ...own }) => ({ ...own, ...caller, selector: selector.name }))
const message = z
  .object({ time: instant, messageId: recorded, contentType: recorded, sender: address })
  .transform(({ sender, ...own }) => ({ ...own, ...sender }))
const pushTest = z.object({
  pushId: z.string(),
  platform: z.string(),
  started: instant,
  concluded: instant.nullable(),
})
const named = z.object({ name: z.string(), lastSeen: instant })
const asSelector = <Row extends { readonly name: string }>({ name, ...own }: Row) => ({ ...own, selector: name })

const addressFields = 'scheme displayName username domain port'
const callFields = `time callId missedReason caller { ${addressFields} }`

const history = z.object({ selector: named.extend({ tokens: nodes(token), calls: nodes(call) }).transform(asSelector) })
const list = z.object({
  selectors: page(
    named
      .extend({ tokens: nodes(token), calls: nodes(call), messages: nodes(message), pushTests: nodes(pushTest) })
      .transform(asSelector),
  ),
})
const missed = z.object({ selector: z.object({ calls: page(call) }) })
const calls = z.object({ calls: page(callAndSelector) })
const callsOnly = z.object({ calls: nodes(callAndSelector) })

const changes = z.object({
  selector: z.object({
    changes: z.object({ events: z.array(z.unknown()), token: z.string(), hasMore: z.boolean(), reset: z.null() }),
  }),
})

const callsPage = `query Calls($after: String) {
  calls(first: ${pageSizes.page}, after: $after) {
    nodes { ${callFields} selector { name } } pageInfo { hasNextPage endCursor }
  }
}`

const readCalls = (data: unknown) => {
  const found = calls.parse(data).calls
  return { rows: found.nodes, endCursor: nextCursor(found.pageInfo) }
}

export function sipisGateway(schema: Schema): Dialect {
  // Schema v1 does not record reasons, so the filter would match no rows.
  const onlyMissed = schema === 'v1' ? '' : 'missedReasons: [MISSED], '
  return {
    history: {
      text: `query History($selector: String!) {
  selector(name: $selector) {
    name lastSeen tokens { nodes { appId lastSeen } } calls(first: ${pageSizes.history}) { nodes { ${callFields} } }
  }
}`,
      variables: ({ selector }) => ({ selector }),
      read: (data) => ({ rows: history.parse(data).selector }),
    },
    list: {
      text: `query List($after: String) {
  selectors(first: ${pageSizes.list}, after: $after) {
    nodes {
      name lastSeen
      tokens { nodes { appId lastSeen } }
      calls(first: ${pageSizes.listCalls}) { nodes { ${callFields} } }
      messages(first: ${pageSizes.listMessages}) { nodes { time messageId contentType sender { ${addressFields} } } }
      pushTests(first: ${pageSizes.listPushTests}) { nodes { pushId platform started concluded } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
      variables: ({ after }) => ({ after }),
      read: (data) => {
        const { selectors } = list.parse(data)
        return { rows: selectors.nodes, endCursor: nextCursor(selectors.pageInfo) }
      },
    },
    missed: {
      text: `query Missed($selector: String!, $since: DateTime!, $after: String) {
  selector(name: $selector) {
    calls(first: ${pageSizes.missed}, after: $after, filter: { ${onlyMissed}since: $since }) {
      nodes { ${callFields} } pageInfo { hasNextPage endCursor }
    }
  }
}`,
      variables: ({ selector, since, after }) => ({ selector, since, after }),
      read: (data) => {
        const { nodes, pageInfo } = missed.parse(data).selector.calls
        return { rows: { nodes, hasNextPage: pageInfo.hasNextPage }, endCursor: nextCursor(pageInfo) }
      },
    },
    caller: {
      text: `query Caller($username: String!, $since: DateTime!) {
  calls(first: ${pageSizes.caller}, filter: { caller: { username: $username }, since: $since }) {
    nodes { ${callFields} selector { name } }
  }
}`,
      variables: ({ username, since }) => ({ username, since }),
      read: (data) => ({ rows: callsOnly.parse(data).calls }),
    },
    firstPage: { text: callsPage, variables: () => ({ after: null }), read: readCalls },
    deepPage: { text: callsPage, variables: ({ after }) => ({ after }), read: readCalls },
    changes: {
      text: `query Changes($selector: String!, $since: String) {
  selector(name: $selector) { changes(since: $since) { events { id } token hasMore reset } }
}`,
      variables: ({ selector, after }) => ({ selector, since: after }),
      read: (data) => {
        const { token: endCursor, ...found } = changes.parse(data).selector.changes
        return { rows: found, endCursor }
      },
    },
    tiny: { text: '{ viewer { name } }', variables: () => ({}), read: () => ({ rows: null }) },
    nodes: {
      text: 'query Nodes($ids: [ID!]!) { nodes(ids: $ids) { ... on Selector { name lastSeen } } }',
      variables: ({ selectors }) => ({ ids: selectors.map((selector) => encodeNodeId('Selector', selector)) }),
      read: (data) => ({
        rows: bySelector(z.object({ nodes: z.array(named.transform(asSelector)) }).parse(data).nodes),
      }),
    },
  }
}
