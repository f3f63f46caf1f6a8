/**
 * Access rules per field. The gateway does not start if a field has no rule, so that no field is exposed by omission.
 */
import type { Scope } from './principal.ts'

/**
 * - `anyone`: every principal, regardless of scopes.
 * - `lookup`: looks objects up. Loaders return null for objects that the principal may not read (restrict-to-principal.ts).
 * - `inherited`: every principal that may read the parent object.
 * - a list: principals with one of these scopes. For others the field is FORBIDDEN, and the other fields are returned.
 */
export type Rule = 'anyone' | 'lookup' | 'inherited' | readonly Scope[]

const readers: Rule = ['sipis:read']

const connection = {
  edges: 'inherited',
  nodes: 'inherited',
  pageInfo: 'inherited',
  totalCount: 'inherited',
  rangeCount: 'inherited',
} as const
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
    callStats: readers,
    pushTestStats: readers,
    topCallers: readers,
    tokenStats: readers,
    servers: ['sipis:read', 'sipis:ops'],
    tokens: readers,
    database: ['sipis:read', 'sipis:ops'],
  },
  Subscription: { changes: 'lookup', allChanges: readers },
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
    name: 'inherited',
    lastSeen: 'inherited',
    tokens: 'inherited',
    calls: 'inherited',
    messages: 'inherited',
    pushTests: 'inherited',
    timeline: 'inherited',
    settings: ['sipis:settings'],
    installations: 'inherited',
    server: 'inherited',
    changes: 'inherited',
    callStats: 'inherited',
    pushHealth: 'inherited',
  },
  Changes: { events: 'inherited', gone: 'inherited', token: 'inherited', hasMore: 'inherited', reset: 'inherited' },
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
    missedReasonText: 'inherited',
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
    selectorName: 'inherited',
    pushId: 'inherited',
    platform: 'inherited',
    time: 'inherited',
    started: 'inherited',
    concluded: 'inherited',
    latencyMs: 'inherited',
  },
  CallStats: { asOf: 'inherited', rows: 'inherited', otherCount: 'inherited', totalCount: 'inherited' },
  CallStat: {
    time: 'inherited',
    reason: 'inherited',
    callerDomain: 'inherited',
    appId: 'inherited',
    count: 'inherited',
  },
  PushTestStats: { asOf: 'inherited', rows: 'inherited', otherCount: 'inherited' },
  PushTestStat: {
    time: 'inherited',
    platform: 'inherited',
    appId: 'inherited',
    sent: 'inherited',
    concluded: 'inherited',
    concludedInTime: 'inherited',
    pending: 'inherited',
    unanswered: 'inherited',
    successRate: 'inherited',
    latencyMs: 'inherited',
  },
  Latency: { p50: 'inherited', p90: 'inherited', p95: 'inherited', p99: 'inherited' },
  TopCallers: { asOf: 'inherited', nodes: 'inherited' },
  TopCaller: { caller: 'inherited', count: 'inherited', selectors: 'inherited', lastTime: 'inherited' },
  TokenStats: { asOf: 'inherited', rows: 'inherited' },
  TokenStat: { appId: 'inherited', count: 'inherited', neverSeen: 'inherited', older: 'inherited' },
  Servers: { asOf: 'inherited', nodes: 'inherited' },
  Server: {
    name: 'inherited',
    instances: 'inherited',
    newestSeen: 'inherited',
    oldestSeen: 'inherited',
    process: 'inherited',
  },
  ServerProcess: {
    problem: 'inherited',
    version: 'inherited',
    uptimeSeconds: 'inherited',
    queueLength: 'inherited',
    instances: 'inherited',
    idle: 'inherited',
    registered: 'inherited',
    registering: 'inherited',
    unauthorized: 'inherited',
    inError: 'inherited',
  },
  PushHealth: {
    tokens: 'inherited',
    newestToken: 'inherited',
    testsSent: 'inherited',
    testsConcluded: 'inherited',
    testsInTime: 'inherited',
    lastTest: 'inherited',
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
  EventConnection: connection,
  EventEdge: edge,
  PageInfo: {
    hasNextPage: 'inherited',
    hasPreviousPage: 'inherited',
    startCursor: 'inherited',
    endCursor: 'inherited',
  },
}

/** Rules of the fields that only the federation subgraph has. The SDL is what an introspection shows. */
export const subgraphRules: typeof rules = {
  Query: { _entities: 'lookup', _service: ['sipis:ops'] },
  _Service: { sdl: 'inherited' },
}
