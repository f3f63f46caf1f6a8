/** The API that PostGraphile generates from the tables; its fields are named after the columns. */
import { z } from 'zod'
import type { Dialect, Schema } from './dialect.ts'
import { noChanges } from './dialect.ts'
import { pageSizes } from './page-sizes.ts'
import { bySelector, instant, nextCursor, port, reason } from './rows.ts'

const nodes = <Row extends z.ZodType>(row: Row) => z.object({ nodes: z.array(row) }).transform((page) => page.nodes)
const page = <Row extends z.ZodType>(row: Row) =>
  z.object({ nodes: z.array(row), pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }) })

const peer = {
  scheme: z.string(),
  userdisplayname: z.string(),
  username: z.string(),
  domain: z.string(),
  domainport: port,
}
const renamePeer = <Row extends { userdisplayname: string; domainport: number | null }>(row: Row) => {
  const { userdisplayname: displayName, domainport: port, ...rest } = row
  return { ...rest, displayName, port }
}

const token = z
  .object({ appid: z.string(), lastseen: instant.nullable() })
  .transform(({ appid, lastseen }) => ({ appId: appid, lastSeen: lastseen }))
const callColumns = z.object({ time: instant, callid: z.string(), missedreason: reason, ...peer })
const renameCall = <Row extends z.output<typeof callColumns>>(row: Row) => {
  const { callid: callId, missedreason: missedReason, ...rest } = renamePeer(row)
  return { ...rest, callId, missedReason }
}
const call = callColumns.transform(renameCall)
const message = z
  .object({ time: instant, msgid: z.string(), contenttype: z.string(), ...peer })
  .transform(renamePeer)
  .transform(({ msgid: messageId, contenttype: contentType, ...rest }) => ({ ...rest, messageId, contentType }))
const pushTest = z
  .object({ pushid: z.string(), platform: z.string(), started: instant, concluded: instant.nullable() })
  .transform(({ pushid: pushId, ...rest }) => ({ ...rest, pushId }))
const named = z.object({ selector: z.string(), lastseen: instant })
const renameNamed = <Row extends z.output<typeof named>>({ lastseen: lastSeen, ...rest }: Row) => ({
  ...rest,
  lastSeen,
})

/** In v2 the row contains the selector. */
const callAndSelector = callColumns
  .extend({ selector: z.string().optional(), selectorByRowId: z.object({ selector: z.string() }).optional() })
  .transform(({ selectorByRowId, selector = selectorByRowId?.selector, ...row }) => ({ ...renameCall(row), selector }))

const history = named.extend({ tokens: nodes(token), calls: nodes(call) })
const list = history.extend({ messages: nodes(message), pushTests: nodes(pushTest) })

const peerColumns = 'scheme userdisplayname username domain domainport'

const readCalls = (data: unknown) => {
  const { calls } = z.object({ calls: page(callAndSelector) }).parse(data)
  return { rows: calls.nodes, endCursor: nextCursor(calls.pageInfo) }
}

export function postgraphile(schema: Schema): Dialect {
  const isV1 = schema === 'v1'
  const by = isV1 ? 'ByRowId' : 'BySelector'
  const callFields = `time callid ${isV1 ? '' : 'missedreason '}${peerColumns}`
  const ownerField = isV1 ? 'selectorByRowId { selector }' : 'selector'
  const newest = 'orderBy: [TIME_DESC, PRIMARY_KEY_DESC]'
  const tokens = `tokens: tokens${by}(orderBy: PRIMARY_KEY_ASC) { nodes { appid lastseen } }`
  const calls = (first: number) => `calls: sipcalls${by}(first: ${first}, ${newest}) { nodes { ${callFields} } }`
  const callsPage = `query Calls($after: Cursor) {
  calls: allSipcalls(first: ${pageSizes.page}, after: $after, ${newest}) {
    nodes { ${callFields} ${ownerField} } pageInfo { hasNextPage endCursor }
  }
}`
  return {
    history: {
      text: `query History($selector: String!) {
  selectorBySelector(selector: $selector) {
    selector lastseen ${tokens} ${calls(pageSizes.history)}
  }
}`,
      variables: ({ selector }) => ({ selector }),
      read: (data) => ({
        rows: renameNamed(z.object({ selectorBySelector: history }).parse(data).selectorBySelector),
      }),
    },
    list: {
      text: `query List($after: Cursor) {
  allSelectors(first: ${pageSizes.list}, after: $after, orderBy: [LASTSEEN_DESC, ROW_ID_DESC]) {
    nodes {
      selector lastseen
      ${tokens}
      ${calls(pageSizes.listCalls)}
      messages: siptextmessages${by}(first: ${pageSizes.listMessages}, ${newest}) {
        nodes { time msgid contenttype ${peerColumns} }
      }
      pushTests: pushtests${by}(first: ${pageSizes.listPushTests}, orderBy: STARTED_DESC) {
        nodes { pushid platform started concluded }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
      variables: ({ after }) => ({ after }),
      read: (data) => {
        const { nodes, pageInfo } = z.object({ allSelectors: page(list) }).parse(data).allSelectors
        return { rows: nodes.map(renameNamed), endCursor: nextCursor(pageInfo) }
      },
    },
    missed: {
      text: `query Missed($selector: String!, $since: String!, $after: Cursor) {
  selectorBySelector(selector: $selector) {
    calls: sipcalls${by}(
      first: ${pageSizes.missed}, after: $after, ${newest}
      condition: { since: $since${isV1 ? '' : ', missedreason: "Missed"'} }
    ) { nodes { ${callFields} } pageInfo { hasNextPage endCursor } }
  }
}`,
      variables: ({ selector, since, after }) => ({ selector, since, after }),
      read: (data) => {
        const { nodes, pageInfo } = z.object({ selectorBySelector: z.object({ calls: page(call) }) }).parse(data)
          .selectorBySelector.calls
        return { rows: { nodes, hasNextPage: pageInfo.hasNextPage }, endCursor: nextCursor(pageInfo) }
      },
    },
    caller: {
      text: `query Caller($username: String!, $since: String!) {
  calls: allSipcalls(first: ${pageSizes.caller}, ${newest}, condition: { username: $username, since: $since }) {
    nodes { ${callFields} ${ownerField} }
  }
}`,
      variables: ({ username, since }) => ({ username, since }),
      read: (data) => ({ rows: z.object({ calls: nodes(callAndSelector) }).parse(data).calls }),
    },
    firstPage: { text: callsPage, variables: () => ({ after: null }), read: readCalls },
    deepPage: { text: callsPage, variables: ({ after }) => ({ after }), read: readCalls },
    tiny: { text: '{ __typename }', variables: () => ({}), read: () => ({ rows: null }) },
    changes: noChanges,
    nodes: {
      text: 'query Named($names: [String!]!) { allSelectors(condition: { names: $names }) { nodes { selector lastseen } } }',
      variables: ({ selectors }) => ({ names: selectors }),
      read: (data) => ({
        rows: bySelector(z.object({ allSelectors: nodes(named) }).parse(data).allSelectors).map(renameNamed),
      }),
    },
  }
}
