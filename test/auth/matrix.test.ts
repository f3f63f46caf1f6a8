/**
 * Tests every field × every kind of principal × its own, a foreign and an unknown selector, through every entry point, over HTTP and WebSocket. The expected
 * results are written independently of src/auth/rules.ts.
 */
import { isObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Principal } from '../../src/auth/principal.ts'
import { encodeNodeId } from '../../src/graph/node-id.ts'
import { schema } from '../../src/graph/schema.ts'
import type { Answer, Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import { isFull } from '../support/counts.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'
import type { SocketDoor } from '../support/sockets.ts'
import { openDoor } from '../support/sockets.ts'

const targets = { own: selectorNamed(1), foreign: selectorNamed(2), unknown: selectorNamed(3) } as const
type Target = keyof typeof targets

const principals: readonly Principal[] = [
  device('device', targets.own),
  device('device-with-tokens', targets.own, 'sipis:tokens'),
  device('device-with-settings', targets.own, 'sipis:settings'),
  device('device-that-reads', targets.own, 'sipis:read'),
  // sipis:own without a selector has no effect.
  { id: 'jwt:x', name: 'device-without-scope', scopes: [], selector: targets.own },
  tool('nobody'),
  tool('reader', 'sipis:read'),
  tool('reader-with-tokens', 'sipis:read', 'sipis:tokens'),
  tool('reader-with-settings', 'sipis:read', 'sipis:settings'),
  tool('tokens-alone', 'sipis:tokens'),
  tool('settings-alone', 'sipis:settings'),
  tool('operator', 'sipis:ops'),
  tool('everything', 'sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'),
]

const reads = ({ scopes }: Principal) => scopes.includes('sipis:read')
const reaches = (principal: Principal, target: Target) =>
  target !== 'unknown' && (reads(principal) || (target === 'own' && principal.scopes.includes('sipis:own')))

/** Fields that require a scope beyond access to their object. */
const secrets: Readonly<Record<string, string>> = {
  'Token.token': 'sipis:tokens',
  'Selector.settings': 'sipis:settings',
}

interface EntryPoint {
  readonly name: string
  /** Queries that lead to an object of the type, around a selection. */
  readonly query: (selector: string, selection: string) => string
  /** Whether it is a list over all selectors. */
  readonly readersOnly?: boolean
  /** Whether it leads only to objects of the caller. */
  readonly ownOnly?: boolean
  /** Whether only the federation subgraph has it. */
  readonly inSubgraph?: boolean
  /** Whether it leads to the same object as another one, so that what is below is tested there. */
  readonly isOtherKey?: boolean
}

/** The entry point of routers. */
function entities(type: string, key: (selector: string) => object): EntryPoint {
  return {
    name: `_entities of ${type} by ${Object.keys(key('')).join()}`,
    query: (name, s) => {
      const fields = Object.entries(key(name)).map(([field, value]) => `${field}: ${JSON.stringify(value)}`)
      const representation = `{ __typename: "Sipis${type}" ${fields.join(' ')} }`
      return `{ _entities(representations: [${representation}]) { ... on Sipis${type} { ${s} } } }`
    },
    inSubgraph: true,
  }
}

const connections: Readonly<Record<string, string>> = {
  Token: 'tokens',
  Call: 'calls',
  Message: 'messages',
  PushTest: 'pushTests',
}

const toSelector: readonly EntryPoint[] = [
  { name: 'selector', query: (name, s) => `{ selector(name: "${name}") { ${s} } }` },
  {
    name: 'node',
    query: (name, s) => `{ node(id: "${encodeNodeId('Selector', name)}") { ... on Selector { ${s} } } }`,
  },
  {
    name: 'nodes',
    query: (name, s) => `{ nodes(ids: ["${encodeNodeId('Selector', name)}"]) { ... on Selector { ${s} } } }`,
  },
  { name: 'viewer', query: (_, s) => `{ viewer { selector { ${s} } } }`, ownOnly: true },
  {
    name: 'selectors.nodes',
    query: (name, s) => `{ selectors(filter: { prefix: "${name}" }) { nodes { ${s} } } }`,
    readersOnly: true,
  },
  {
    name: 'selectors.edges',
    query: (name, s) => `{ selectors(filter: { prefix: "${name}" }) { edges { node { ${s} } } } }`,
    readersOnly: true,
  },
  entities('Selector', (name) => ({ id: encodeNodeId('Selector', name) })),
  { ...entities('Selector', (name) => ({ name })), isOtherKey: true },
]

const parents = (entryPoints: readonly EntryPoint[]) => entryPoints.filter(({ isOtherKey }) => isOtherKey !== true)

const idOf = (type: string, name: string) => {
  const id = type === 'PushTest' ? JSON.stringify([name, `p${name.slice(-1)}`]) : `${Number(name.slice(-1))}:${name}`
  return Buffer.from(`${type}:${id}`).toString('base64url')
}

function toChild(type: string): EntryPoint[] {
  const field = connections[type] ?? ''
  const below = parents(toSelector).flatMap((entryPoint) => [
    {
      ...entryPoint,
      name: `${entryPoint.name}.${field}.nodes`,
      query: (name: string, s: string) => entryPoint.query(name, `${field} { nodes { ${s} } }`),
    },
    {
      ...entryPoint,
      name: `${entryPoint.name}.${field}.edges`,
      query: (name: string, s: string) => entryPoint.query(name, `${field} { edges { node { ${s} } } }`),
    },
  ])
  const byId: EntryPoint[] = [
    { name: 'node', query: (name, s) => `{ node(id: "${idOf(type, name)}") { ... on ${type} { ${s} } } }` },
    { name: 'nodes', query: (name, s) => `{ nodes(ids: ["${idOf(type, name)}"]) { ... on ${type} { ${s} } } }` },
    entities(type, (name) => ({ id: idOf(type, name) })),
  ]
  const list: EntryPoint = {
    name: field,
    query: (name, s) => `{ ${field}${filterOf(type, name)} { nodes { ${s} } } }`,
    readersOnly: true,
  }
  return [...below, ...byId, list]
}

/** Selects the objects that belong to the selector. */
function filterOf(type: string, name: string): string {
  const n = name.slice(-1)
  if (type === 'Call') return `(filter: { caller: { username: "u${n}" } })`
  if (type === 'Message') return `(filter: { sender: { username: "u${n}" } })`
  if (type === 'Token') return `(filter: { appId: "app${n}" })`
  return `(filter: { platform: "f${n}" })`
}

const ofSpan = '(since: "2026-11-01T00:00:00Z", until: "2026-11-02T00:00:00Z", by: [])'
/** What fields need to be selected. */
const argumentsOf: Readonly<Record<string, string>> = { callStats: ofSpan }

/** Statistics over all selectors. */
const statistics: Readonly<Record<string, string>> = {
  callStats: `callStats${ofSpan}`,
  pushTestStats: `pushTestStats${ofSpan}`,
  topCallers: `topCallers${ofSpan.replace(', by: []', '')}`,
  tokenStats: 'tokenStats(olderThan: [])',
}

/** Wraps an entry point with the path from another object. */
const inside: Readonly<Record<string, readonly [parent: string, path: string]>> = {
  SipAddress: ['Call', 'caller'],
  Setting: ['Selector', 'settings'],
  CallConnection: ['Selector', 'calls'],
  MessageConnection: ['Selector', 'messages'],
  TokenConnection: ['Selector', 'tokens'],
  PushTestConnection: ['Selector', 'pushTests'],
  CallEdge: ['Selector', 'calls { edges'],
  MessageEdge: ['Selector', 'messages { edges'],
  TokenEdge: ['Selector', 'tokens { edges'],
  PushTestEdge: ['Selector', 'pushTests { edges'],
  PageInfo: ['Selector', 'calls { pageInfo'],
  Changes: ['Selector', 'changes'],
  CallStats: ['Selector', `callStats${ofSpan}`],
  CallStat: ['CallStats', 'rows'],
  PushHealth: ['Selector', 'pushHealth'],
  EventConnection: ['Selector', 'timeline'],
  EventEdge: ['Selector', 'timeline { edges'],
}

function entryPointsTo(type: string): readonly EntryPoint[] {
  if (type === 'Selector') return toSelector
  if (connections[type] !== undefined) return toChild(type)
  const [parent, path] = inside[type] ?? []
  if (parent === undefined || path === undefined) return []
  const closing = '}'.repeat(path.split('{').length)
  return parents(entryPointsTo(parent)).map((entryPoint) => ({
    ...entryPoint,
    name: `${entryPoint.name}.${path}`,
    query: (name, s) => entryPoint.query(name, `${path} { ${s} ${closing}`),
  }))
}

/** Types that are not reachable through a selector; they have tests of their own below, Subscription in http/graphql/streams. */
const elsewhere = [
  'Query',
  'Subscription',
  'Viewer',
  'Database',
  'TableVersion',
  'SelectorConnection',
  'SelectorEdge',
  ...['PushTestStats', 'PushTestStat', 'Latency', 'TopCallers', 'TopCaller', 'TokenStats', 'TokenStat'],
  ...['Servers', 'Server', 'ServerProcess'],
]

const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith('__'))
const fieldsOf = (type: string) => {
  const found = schema.getType(type)
  return isObjectType(found) ? Object.values(found.getFields()) : []
}

/** All fields of a type in one selection, each under the alias `field_…`. */
function selectionOf(type: string): string {
  const fields = fieldsOf(type).map(({ name, type: of }) => {
    const isLeaf = /^\[?(String|ID|Int|Float|Boolean|DateTime|MissedReason|ResetReason)!?\]?!?$/.test(String(of))
    return `field_${name}: ${name}${argumentsOf[name] ?? ''}${isLeaf ? '' : ' { __typename }'}`
  })
  return ['reached: __typename', ...fields].join(' ')
}

describe.each(backends.filter(({ name }) => name.includes('UTF8')))(
  'Access to fields by principals on $name',
  ({ open }) => {
    let opened: Opened
    let client: Client
    let subgraph: Client
    const serverOf = ({ inSubgraph }: EntryPoint) => (inSubgraph === true ? subgraph : client)
    /** The other transport: a WebSocket of each principal. */
    const doors = new Map<string, SocketDoor>()
    const doorOf = (entryPoint: EntryPoint, { name }: Principal) => {
      const { url } = serverOf(entryPoint)
      const door = doors.get(`${url} ${name}`) ?? openDoor(url, name)
      doors.set(`${url} ${name}`, door)
      return door
    }

    beforeAll(async () => {
      opened = await open()
      for (const n of [1, 2]) {
        await addSelector(opened, n)
        const time = '2026-11-01 12:00:00Z'
        await addRow(opened, 'tokens', n, { rowid: n, token: `secret-token-${n}`, appid: `app${n}` })
        await addRow(opened, 'sipcalls', n, { rowid: n, username: `u${n}`, time })
        await addRow(opened, 'siptextmessages', n, { rowid: n, username: `u${n}`, body: 'b', time })
        await addRow(opened, 'pushtests', n, { pushid: `p${n}`, platform: `f${n}`, started: '2026-11-01 12:00:00' })
        const [column, value] = opened.version === 'V1' ? ['id', n] : ['selector', selectorNamed(n)]
        await opened.sql(
          `INSERT INTO data (${column}, name, value) VALUES ($1, 'title', 'T'), ($1, 'password', 'secret')`,
          [value],
        )
      }
      await opened.sql(
        opened.version === 'V1'
          ? `INSERT INTO pushtests VALUES (99, 'orphan', 'f9', '2026-11-01')`
          : `INSERT INTO pushtests (selector, pushid, platform, started) VALUES ('gone', 'orphan', 'f9', '2026-11-01')`,
      )
      const options = {
        authenticate: authenticateAs(principals),
        allowedSettings: ['title'],
        limits: { cost: 1_000_000 },
      }
      client = await openClient(opened.database, options)
      subgraph = await openClient(opened.database, { ...options, isSubgraph: true })
    })
    afterAll(async () => {
      for (const door of doors.values()) door[Symbol.dispose]()
      await subgraph[Symbol.asyncDispose]()
      await client[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    })

    it('covers every type of the schema', () => {
      const covered = types.filter(({ name }) => entryPointsTo(name).length > 0 || elsewhere.includes(name))
      expect(covered.map(({ name }) => name)).toEqual(types.map(({ name }) => name))
    })

    const cases = types.filter(({ name }) => entryPointsTo(name).length > 0).map(({ name }) => name)

    it.each(cases)('is as specified for every field of %s', async (type) => {
      for (const entryPoint of entryPointsTo(type)) {
        for (const principal of principals) {
          for (const together of operations(entryPoint)) {
            const query = queryOf(entryPoint, type, together)
            const answers = await Promise.all([
              serverOf(entryPoint).answer(query, {}, principal.name),
              doorOf(entryPoint, principal).answer(query),
            ])
            for (const target of together) {
              const where = [type, entryPoint.name, principal.name, target]
              const found = answers.map((answer) => outcome(type, partOf(answer, target)))
              const wanted = expected(type, entryPoint, principal, target)
              expect([where, ...found]).toEqual([where, wanted, wanted])
            }
          }
        }
      }
    })

    it('is denied with the same bytes for a foreign and an unknown selector', async () => {
      for (const type of cases) {
        for (const entryPoint of entryPointsTo(type)) {
          for (const principal of principals.filter((one) => !reads(one))) {
            if (entryPoint.ownOnly === true) continue
            const [foreign, unknown] = await Promise.all(
              [targets.foreign, targets.unknown].map((name) =>
                bytes(serverOf(entryPoint), entryPoint.query(name, selectionOf(type)), principal),
              ),
            )
            expect([entryPoint.name, principal.name, foreign]).toEqual([entryPoint.name, principal.name, unknown])
          }
        }
      }
    })

    const bytes = async ({ url }: Client, query: string, { name }: Principal): Promise<string> => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${name}` },
        body: JSON.stringify({ query }),
      })
      // The last value is random for every request.
      const varying = new Set(['date', 'ratelimit', 'x-request-id'])
      const headers = [...response.headers].filter(([header]) => !varying.has(header))
      return JSON.stringify([response.status, headers, await response.text()])
    }

    it('to statistics is for readers', async () => {
      for (const [name, field] of Object.entries(statistics))
        for (const principal of principals) {
          const { data, errors = [] } = await client.answer(`{ ${field} { __typename } }`, {}, principal.name)
          const codes = errors.map(({ extensions }) => extensions.code)
          expect([name, principal.name, data?.[name] != null, codes]).toEqual([
            name,
            principal.name,
            reads(principal),
            reads(principal) ? [] : ['FORBIDDEN'],
          ])
        }
    })

    it('is as specified for Viewer', async () => {
      for (const principal of principals) {
        const { data, errors } = await client.answer('{ viewer { name scopes selector { id } } }', {}, principal.name)
        const { name, scopes, selector } = principal
        const isDevice = selector !== null && reaches(principal, 'own')
        const id = encodeNodeId('Selector', targets.own)
        expect(data.viewer).toEqual({ name, scopes, selector: isDevice ? { id } : null })
        expect([name, errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code])]).toEqual([
          name,
          isDevice ? undefined : [['viewer.selector', 'FORBIDDEN']],
        ])
      }
    })

    it('is as specified for Query of the subgraph', async () => {
      const fields = [
        ['sipisSelectors { totalCount }', 'sipis:read'],
        ['sipisCalls { totalCount }', 'sipis:read'],
        ['sipisMessages { totalCount }', 'sipis:read'],
        ['sipisPushTests { totalCount }', 'sipis:read'],
        ['sipisTokens { totalCount }', 'sipis:read'],
        ['_service { sdl }', 'sipis:ops'],
      ] as const
      for (const principal of principals) {
        for (const [field, scope] of fields) {
          const { errors } = await subgraph.answer(`{ ${field} }`, {}, principal.name)
          const codes = errors?.map(({ extensions }) => extensions.code)
          const allowed = principal.scopes.includes(scope)
          expect([principal.name, field, codes]).toEqual([principal.name, field, allowed ? undefined : ['FORBIDDEN']])
        }
      }
    })

    it('is as specified for Query and Database', async () => {
      const may = (principal: Principal, ...scopes: string[]) =>
        principal.scopes.some((scope) => scopes.includes(scope))
      for (const principal of principals) {
        const lists = ['selectors', 'calls', 'messages', 'pushTests', 'tokens'].map(
          (list) =>
            [
              list,
              `${list} { nodes { id } edges { cursor } totalCount pageInfo { endCursor } }`,
              reads(principal),
            ] as const,
        )
        const all = [
          ...lists,
          [
            'database',
            'database { schemaVersion serverVersion encoding tableVersions { name version } }',
            may(principal, 'sipis:read', 'sipis:ops'),
          ] as const,
        ]
        for (const [field, query, allowed] of all) {
          const { errors } = await client.answer(`{ ${query} }`, {}, principal.name)
          expect([principal.name, field, errors?.map(({ extensions }) => extensions.code)]).toEqual([
            principal.name,
            field,
            allowed ? undefined : ['FORBIDDEN'],
          ])
        }
      }
    })

    it('includes orphaned push tests only for readers', async () => {
      const key = opened.version === 'V1' ? '99' : 'gone'
      const id = encodeNodeId('PushTest', JSON.stringify(['orphan', key, 'orphan']))
      for (const principal of principals) {
        const data = await client.ask(`{ node(id: "${id}") { id } }`, {}, principal.name)
        expect([principal.name, data.node]).toEqual([principal.name, reads(principal) ? { id } : null])
      }
    })

    it('is not extended by a cursor of another principal: it is only a position in the caller’s own list', async () => {
      const list = 'calls(filter: {}) { edges { cursor node { caller { username } } } }'
      const foreign = await client.ask(`{ selector(name: "${targets.foreign}") { ${list} } }`, {}, 'reader')
      const [{ cursor }] = foreign.selector.calls.edges
      for (const page of [`after: "${cursor}"`, `before: "${cursor}"`, `after: "${cursor}", orderBy: OLDEST_FIRST`]) {
        const data = await client.ask(
          `{ viewer { selector { calls(${page}) { nodes { caller { username } } } } } }`,
          {},
          'device',
        )
        for (const { caller } of data.viewer.selector.calls.nodes) expect(caller.username).toBe('u1')
      }
    })

    it('causes no statement about another selector for a device', async () => {
      for (const entryPoint of [...toSelector, ...toChild('Call'), ...toChild('Token')].filter(
        (one) => one.readersOnly !== true && one.ownOnly !== true,
      )) {
        const server = serverOf(entryPoint)
        server.statements()
        await server.answer(entryPoint.query(targets.foreign, 'id'), {}, 'device')
        expect([entryPoint.name, server.statements()]).toEqual([entryPoint.name, []])
      }
    })

    it('covers only allowed settings, and never a password', async () => {
      const query = `{ selector(name: "${targets.own}") { all: settings { name value } some: settings(names: ["password", "title", "x"]) { name } none: settings(names: []) { name } } }`
      expect((await client.ask(query, {}, 'everything')).selector).toEqual({
        all: [{ name: 'title', value: 'T' }],
        some: [{ name: 'title' }],
        none: [],
      })
    })
  },
)

/** Which targets are asked for together: all in one operation, and in full also each in its own. */
function operations({ ownOnly }: EntryPoint): readonly (readonly Target[])[] {
  if (ownOnly === true) return [['own']]
  return [['own', 'foreign', 'unknown'], ...(isFull ? ([['own'], ['foreign'], ['unknown']] as const) : [])]
}

/** Each target under its name as an alias. */
function queryOf({ query }: EntryPoint, type: string, together: readonly Target[]): string {
  const fields = together.map((target) =>
    query(targets[target], selectionOf(type)).replace(/^\{ (.*) \}$/s, `${target}: $1`),
  )
  return `{ ${fields.join(' ')} }`
}

function partOf({ data, errors = [] }: Answer, target: Target): Answer {
  return { data: data?.[target], errors: errors.filter(({ path = [target] }) => path[0] === target) }
}

/** `absent`, the error code that denies the entry point, or whether each field was returned. */
function outcome(type: string, { data, errors = [] }: Answer): unknown {
  const found = find(data, 'reached')
  if (found === undefined)
    return errors.length === 0 ? 'absent' : errors.map(({ extensions }) => extensions.code).join()
  const refused = new Set(errors.map(({ path, extensions }) => `${path?.at(-1)} ${extensions.code}`))
  return Object.fromEntries(
    fieldsOf(type).map(({ name }) => {
      if (refused.has(`field_${name} FORBIDDEN`))
        return [name, found[`field_${name}`] === null ? 'forbidden' : 'leaked']
      return [name, `field_${name}` in found ? 'given' : 'missing']
    }),
  )
}

function expected(type: string, entryPoint: EntryPoint, principal: Principal, target: Target): unknown {
  if (entryPoint.readersOnly === true && !reads(principal)) return 'FORBIDDEN'
  if (entryPoint.ownOnly === true && (principal.selector === null || !reaches(principal, target))) return 'FORBIDDEN'
  if (!reaches(principal, target)) return 'absent'
  // A setting is below a field that requires its own scope.
  if (type === 'Setting' && !principal.scopes.includes('sipis:settings')) return 'FORBIDDEN'
  return Object.fromEntries(
    fieldsOf(type).map(({ name }) => {
      const needed = secrets[`${type}.${name}`]
      return [name, needed === undefined || principal.scopes.some((scope) => scope === needed) ? 'given' : 'forbidden']
    }),
  )
}

/** Finds the first object in the response that has this key. */
function find(value: unknown, key: string): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (key in value) return Object.fromEntries(Object.entries(value))
  for (const inner of Object.values(value)) {
    const found = find(inner, key)
    if (found !== undefined) return found
  }
  return undefined
}
