/** The API of the Mercurius and plain Yoga servers: lists if sufficient, pages if cursors are needed. */
import { z } from 'zod'
import type { Dialect, Schema } from './dialect.ts'
import { noChanges } from './dialect.ts'
import { pageSizes } from './page-sizes.ts'
import { bySelector, instant, nextCursor, port, reason } from './rows.ts'

const page = <Row extends z.ZodType>(row: Row) =>
  z.object({ nodes: z.array(row), hasNextPage: z.boolean(), endCursor: z.string().nullable() })
const address = { scheme: z.string(), displayName: z.string(), username: z.string(), domain: z.string(), port }
const token = z.object({ appId: z.string(), lastSeen: instant.nullable() })
const call = z.object({ time: instant, callId: z.string(), missedReason: reason, ...address })
const callAndSelector = call.extend({ selector: z.string() })
const message = z.object({ time: instant, messageId: z.string(), contentType: z.string(), ...address })
const pushTest = z.object({ pushId: z.string(), platform: z.string(), started: instant, concluded: instant.nullable() })
const named = z.object({ selector: z.string(), lastSeen: instant })

const callFields = 'time callId missedReason scheme displayName username domain port'

const history = named.extend({ tokens: z.array(token), calls: z.array(call) })
const list = page(history.extend({ messages: z.array(message), pushTests: z.array(pushTest) }))

const callsPage = `query Calls($after: String) {
  calls(first: ${pageSizes.page}, after: $after) { nodes { ${callFields} selector } hasNextPage endCursor }
}`

const readCalls = (data: unknown) => {
  const { nodes, ...info } = z.object({ calls: page(callAndSelector) }).parse(data).calls
  return { rows: nodes, endCursor: nextCursor(info) }
}

export function plain(schema: Schema): Dialect {
  const onlyMissed = schema === 'v1' ? '' : ', missedReason: "Missed"'
  return {
    history: {
      text: `query History($selector: String!) {
  selector(selector: $selector) {
    selector lastSeen tokens { appId lastSeen } calls(first: ${pageSizes.history}) { ${callFields} }
  }
}`,
      variables: ({ selector }) => ({ selector }),
      read: (data) => ({ rows: z.object({ selector: history }).parse(data).selector }),
    },
    list: {
      text: `query List($after: String) {
  selectors(first: ${pageSizes.list}, after: $after) {
    nodes {
      selector lastSeen
      tokens { appId lastSeen }
      calls(first: ${pageSizes.listCalls}) { ${callFields} }
      messages(first: ${pageSizes.listMessages}) { time messageId contentType scheme displayName username domain port }
      pushTests(first: ${pageSizes.listPushTests}) { pushId platform started concluded }
    }
    hasNextPage endCursor
  }
}`,
      variables: ({ after }) => ({ after }),
      read: (data) => {
        const { nodes, ...info } = z.object({ selectors: list }).parse(data).selectors
        return { rows: nodes, endCursor: nextCursor(info) }
      },
    },
    missed: {
      text: `query Missed($selector: String!, $since: String!, $after: String) {
  callsOf(selector: $selector, first: ${pageSizes.missed}, since: $since, after: $after${onlyMissed}) {
    nodes { ${callFields} } hasNextPage endCursor
  }
}`,
      variables: ({ selector, since, after }) => ({ selector, since, after }),
      read: (data) => {
        const { nodes, ...info } = z.object({ callsOf: page(call) }).parse(data).callsOf
        return { rows: { nodes, hasNextPage: info.hasNextPage }, endCursor: nextCursor(info) }
      },
    },
    caller: {
      text: `query Caller($username: String!, $since: String!) {
  calls(first: ${pageSizes.caller}, username: $username, since: $since) { nodes { ${callFields} selector } }
}`,
      variables: ({ username, since }) => ({ username, since }),
      read: (data) => ({
        rows: z.object({ calls: z.object({ nodes: z.array(callAndSelector) }) }).parse(data).calls.nodes,
      }),
    },
    firstPage: { text: callsPage, variables: () => ({ after: null }), read: readCalls },
    deepPage: { text: callsPage, variables: ({ after }) => ({ after }), read: readCalls },
    tiny: { text: '{ __typename }', variables: () => ({}), read: () => ({ rows: null }) },
    changes: noChanges,
    nodes: {
      text: 'query Named($names: [String!]!) { selectorsByName(names: $names) { selector lastSeen } }',
      variables: ({ selectors }) => ({ names: selectors }),
      read: (data) => ({
        rows: bySelector(z.object({ selectorsByName: z.array(named) }).parse(data).selectorsByName),
      }),
    },
  }
}
