/**
 * Who may see what, field by field. A field without a line here stops the gateway from starting, so nothing is ever shown
 * because nobody thought of it.
 */
import type { Scope } from './principal.ts'

/**
 * - `anyone`: every principal, whatever its scopes.
 * - `door`: the way to objects. It gives those that the principal may see (doors.ts), and null for all others, existing or not.
 * - `reached`: whoever got the object through a door may see the field.
 * - a list: principals with one of these scopes; for others the field is FORBIDDEN, and the rest of the query is answered.
 */
export type Rule = 'anyone' | 'door' | 'reached' | readonly Scope[]

const readers: Rule = ['sipis:read']

const connection = { edges: 'reached', nodes: 'reached', pageInfo: 'reached', totalCount: 'reached' } as const
const edge = { node: 'reached', cursor: 'reached' } as const

export const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Query: {
    viewer: 'anyone',
    node: 'door',
    nodes: 'door',
    selector: 'door',
    selectors: readers,
    calls: readers,
    messages: readers,
    pushTests: readers,
    database: ['sipis:read', 'sipis:ops'],
  },
  Viewer: { name: 'reached', scopes: 'reached', selector: 'door' },
  Database: { schemaVersion: 'reached', serverVersion: 'reached', encoding: 'reached', tableVersions: 'reached' },
  TableVersion: { name: 'reached', version: 'reached' },

  Selector: {
    id: 'reached',
    selector: 'reached',
    lastSeen: 'reached',
    tokens: 'reached',
    calls: 'reached',
    messages: 'reached',
    pushTests: 'reached',
    settings: ['sipis:settings'],
  },
  Token: {
    id: 'reached',
    selector: 'reached',
    appId: 'reached',
    token: ['sipis:tokens'],
    fingerprint: 'reached',
    lastSeen: 'reached',
  },
  Call: {
    id: 'reached',
    selector: 'reached',
    caller: 'reached',
    callId: 'reached',
    time: 'reached',
    missedReason: 'reached',
  },
  Message: {
    id: 'reached',
    selector: 'reached',
    sender: 'reached',
    messageId: 'reached',
    contentType: 'reached',
    headers: 'reached',
    body: 'reached',
    time: 'reached',
  },
  PushTest: {
    id: 'reached',
    selector: 'reached',
    pushId: 'reached',
    platform: 'reached',
    started: 'reached',
    concluded: 'reached',
    latencyMs: 'reached',
  },
  Setting: { name: 'reached', value: 'reached' },
  SipAddress: {
    uri: 'reached',
    scheme: 'reached',
    displayName: 'reached',
    username: 'reached',
    domain: 'reached',
    port: 'reached',
  },

  SelectorConnection: connection,
  SelectorEdge: edge,
  TokenConnection: connection,
  TokenEdge: edge,
  CallConnection: connection,
  CallEdge: edge,
  MessageConnection: connection,
  MessageEdge: edge,
  PushTestConnection: connection,
  PushTestEdge: edge,
  PageInfo: { hasNextPage: 'reached', hasPreviousPage: 'reached', startCursor: 'reached', endCursor: 'reached' },
}
