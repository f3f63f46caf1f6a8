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
export type Rule = 'anyone' | 'lookup' | 'inherited' | readonly Scope[]

const readers: Rule = ['sipis:read']

const connection = { edges: 'inherited', nodes: 'inherited', pageInfo: 'inherited', totalCount: 'inherited' } as const
const edge = { node: 'inherited', cursor: 'inherited' } as const

export const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Query: {
    viewer: 'anyone',
    node: 'lookup',
    nodes: 'lookup',
    selector: 'lookup',
    selectors: readers,
    calls: readers,
    messages: readers,
    pushTests: readers,
    database: ['sipis:read', 'sipis:ops'],
  },
  Viewer: { name: 'inherited', scopes: 'inherited', selector: 'lookup' },
  Database: {
    schemaVersion: 'inherited',
    serverVersion: 'inherited',
    encoding: 'inherited',
    tableVersions: 'inherited',
  },
  TableVersion: { name: 'inherited', version: 'inherited' },

  Selector: {
    id: 'inherited',
    selector: 'inherited',
    lastSeen: 'inherited',
    tokens: 'inherited',
    calls: 'inherited',
    messages: 'inherited',
    pushTests: 'inherited',
    settings: ['sipis:settings'],
  },
  Token: {
    id: 'inherited',
    selector: 'inherited',
    appId: 'inherited',
    token: ['sipis:tokens'],
    fingerprint: 'inherited',
    lastSeen: 'inherited',
  },
  Call: {
    id: 'inherited',
    selector: 'inherited',
    caller: 'inherited',
    callId: 'inherited',
    time: 'inherited',
    missedReason: 'inherited',
  },
  Message: {
    id: 'inherited',
    selector: 'inherited',
    sender: 'inherited',
    messageId: 'inherited',
    contentType: 'inherited',
    headers: 'inherited',
    body: 'inherited',
    time: 'inherited',
  },
  PushTest: {
    id: 'inherited',
    selector: 'inherited',
    pushId: 'inherited',
    platform: 'inherited',
    started: 'inherited',
    concluded: 'inherited',
    latencyMs: 'inherited',
  },
  Setting: { name: 'inherited', value: 'inherited' },
  SipAddress: {
    uri: 'inherited',
    scheme: 'inherited',
    displayName: 'inherited',
    username: 'inherited',
    domain: 'inherited',
    port: 'inherited',
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
  PageInfo: {
    hasNextPage: 'inherited',
    hasPreviousPage: 'inherited',
    startCursor: 'inherited',
    endCursor: 'inherited',
  },
}
