import { isObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, Value } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import { DatabaseError } from '../../src/errors/database-error.ts'
import { schema } from '../../src/graph/schema.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

interface Case {
  readonly query: string
  /** Recognizes the statement that fails. */
  readonly statement: RegExp
  /** Everything that is still returned. */
  readonly survives: object
  /** Of the error. */
  readonly path: readonly (string | number)[]
}

const viewer = { name: 'reader' }
const one = { name: selectorNamed(1), lastSeen: '2026-01-01T00:00:00.000000Z' }
const inSelectors = (fields: string) => `{ viewer { name } selectors { nodes { name lastSeen ${fields} } } }`

function ofChild(field: string, table: string): Readonly<Record<string, Case>> {
  const type = `${field[0]?.toUpperCase()}${field.slice(1, -1)}`
  const nodes = [{ __typename: type }]
  const root: Case = {
    query: `{ viewer { name } ${field} { nodes { id } } selectors { nodes { name lastSeen } } }`,
    statement: new RegExp(table),
    survives: { viewer, [field]: null, selectors: { nodes: [one] } },
    path: [field, 'nodes'],
  }
  return {
    [`Query.${field}`]: root,
    [`Selector.${field}`]: {
      query: inSelectors(`${field} { nodes { id } }`),
      statement: new RegExp(table),
      survives: { viewer, selectors: { nodes: [{ ...one, [field]: null }] } },
      path: ['selectors', 'nodes', 0, field, 'nodes'],
    },
    [`${type}Connection.totalCount`]: {
      query: inSelectors(`${field} { totalCount nodes { __typename } }`),
      statement: new RegExp(`count\\(.*${table}`, 's'),
      survives: { viewer, selectors: { nodes: [{ ...one, [field]: { totalCount: null, nodes } }] } },
      path: ['selectors', 'nodes', 0, field, 'totalCount'],
    },
    [`${type}Connection.rangeCount`]: {
      query: inSelectors(`${field} { rangeCount nodes { __typename } }`),
      statement: new RegExp(`count\\(.*${table}`, 's'),
      survives: { viewer, selectors: { nodes: [{ ...one, [field]: { rangeCount: null, nodes } }] } },
      path: ['selectors', 'nodes', 0, field, 'rangeCount'],
    },
  }
}

const events = [{ __typename: 'Call' }, { __typename: 'Message' }, { __typename: 'PushTest' }]

const ofTimeline = (count: 'totalCount' | 'rangeCount'): Case => ({
  query: inSelectors(`timeline { ${count} nodes { __typename } }`),
  statement: /count\(.*sipcalls/s,
  survives: { viewer, selectors: { nodes: [{ ...one, timeline: { [count]: null, nodes: events } }] } },
  path: ['selectors', 'nodes', 0, 'timeline', count],
})

const contents = (failing: 'headers' | 'body'): Case => ({
  query: '{ viewer { name } messages { nodes { time headers body } } }',
  statement: new RegExp(`^SELECT [^,]*${failing}[^,]*(, '')?\\)?, k\\.n`),
  survives: {
    viewer,
    messages: { nodes: [{ time: '2026-01-02T00:00:00.000000Z', headers: '<h/>', body: 'b', [failing]: null }] },
  },
  path: ['messages', 'nodes', 0, failing],
})

const span = 'since: "2026-01-01T00:00:00Z", until: "2026-01-03T00:00:00Z"'

function statistic(field: string, name: string, statement: RegExp): Case {
  return {
    query: `{ viewer { name } ${field} selectors { nodes { name lastSeen } } }`,
    statement,
    survives: { viewer, [name]: null, selectors: { nodes: [one] } },
    path: [name],
  }
}

/** Each field that fails by itself if a statement fails, by its name in the schema. */
const cases: Readonly<Record<string, Case>> = {
  'Query.selectors': {
    query: '{ viewer { name } selectors { nodes { id } } calls { nodes { __typename } } }',
    statement: /^(?!.*sipcalls).*selectors/s,
    survives: { viewer, selectors: null, calls: { nodes: [{ __typename: 'Call' }] } },
    path: ['selectors', 'nodes'],
  },
  'SelectorConnection.totalCount': {
    query: '{ viewer { name } selectors { totalCount nodes { name lastSeen } } }',
    statement: /count\(/,
    survives: { viewer, selectors: { totalCount: null, nodes: [one] } },
    path: ['selectors', 'totalCount'],
  },
  'SelectorConnection.rangeCount': {
    query: '{ viewer { name } selectors { rangeCount nodes { name lastSeen } } }',
    statement: /count\(/,
    survives: { viewer, selectors: { rangeCount: null, nodes: [one] } },
    path: ['selectors', 'rangeCount'],
  },
  ...ofChild('tokens', 'tokens'),
  ...ofChild('calls', 'sipcalls'),
  ...ofChild('messages', 'siptextmessages'),
  ...ofChild('pushTests', 'pushtests'),
  'Selector.timeline': {
    query: inSelectors('timeline { nodes { id } }'),
    statement: /UNION ALL/,
    survives: { viewer, selectors: { nodes: [{ ...one, timeline: null }] } },
    path: ['selectors', 'nodes', 0, 'timeline', 'nodes'],
  },
  'EventConnection.totalCount': ofTimeline('totalCount'),
  'EventConnection.rangeCount': ofTimeline('rangeCount'),
  'Selector.installations': {
    query: inSelectors('installations { nodes { id } }'),
    statement: /ESCAPE/,
    survives: { viewer, selectors: { nodes: [{ ...one, installations: null }] } },
    path: ['selectors', 'nodes', 0, 'installations', 'nodes'],
  },
  'Selector.changes': {
    query: inSelectors('changes { token }'),
    statement: /txid_current_snapshot/,
    survives: { viewer, selectors: { nodes: [{ ...one, changes: null }] } },
    path: ['selectors', 'nodes', 0, 'changes'],
  },
  'Query.callStats': statistic(`callStats(${span}, by: []) { rows { count } }`, 'callStats', /sipcalls/),
  'Query.topCallers': statistic(`topCallers(${span}) { nodes { count } }`, 'topCallers', /sipcalls/),
  'Query.pushTestStats': statistic(`pushTestStats(${span}, by: []) { rows { sent } }`, 'pushTestStats', /pushtests/),
  'Query.tokenStats': statistic('tokenStats(olderThan: []) { rows { count } }', 'tokenStats', /tokens/),
  'Query.servers': statistic('servers { nodes { name } }', 'servers', /restart/),
  'Selector.callStats': {
    query: inSelectors(`callStats(${span}, by: []) { rows { count } }`),
    statement: /sipcalls/,
    survives: { viewer, selectors: { nodes: [{ ...one, callStats: null }] } },
    path: ['selectors', 'nodes', 0, 'callStats'],
  },
  'Selector.pushHealth': {
    query: inSelectors('pushHealth { tokens }'),
    statement: /pushtests/,
    survives: { viewer, selectors: { nodes: [{ ...one, pushHealth: null }] } },
    path: ['selectors', 'nodes', 0, 'pushHealth'],
  },
  'Message.headers': contents('headers'),
  'Message.body': contents('body'),
}

/** These fail for other reasons, which have tests of their own below. */
const otherwise = ['Query.database', 'Selector.lastSeen']
/** Read together with their object. They fail only if the whole operation exceeds its size. */
const withTheirObject = ['Call.selector', 'Message.selector', 'Token.selector']

describe('Fields with @semanticNonNull', () => {
  it('are all made to fail here', () => {
    const marked = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type)
        ? Object.values(type.getFields())
            .filter(
              ({ extensions }) =>
                extensions['directives'] !== undefined && 'semanticNonNull' in Object(extensions['directives']),
            )
            .map(({ name }) => `${type.name}.${name}`)
        : [],
    )
    expect(marked.sort()).toEqual([...Object.keys(cases), ...otherwise, ...withTheirObject].sort())
  })
})

describe.each(backends)('A field that fails on $name', ({ open }) => {
  let opened: Opened
  let client: Client
  let fails: ((text: string) => DatabaseError | undefined) | undefined
  let change: ((text: string, rows: Value[][]) => Value[][]) | undefined

  beforeAll(async () => {
    opened = await open()
    await addSelector(opened, 1, { lastseen: '2026-01-01 00:00:00Z' })
    const time = '2026-01-02 00:00:00Z'
    await addRow(opened, 'tokens', 1, { rowid: 1, token: 't', appid: 'app' })
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time })
    await addRow(opened, 'siptextmessages', 1, { rowid: 1, headers: '<h/>', body: 'b', time })
    await addRow(opened, 'pushtests', 1, { rowid: 1, pushid: 'p', platform: 'iOS', started: '2026-01-02' })
    const { database } = opened
    const unreliable: Database = {
      async query(statement, signal) {
        const { text } = render(statement)
        const failure = fails?.(text)
        if (failure !== undefined) throw failure
        const rows = await database.query(statement, signal)
        return change === undefined
          ? rows
          : change(
              text,
              rows.map((row) => [...row]),
            )
      },
      close: () => database.close(),
    }
    client = await openClient(unreliable, {
      authenticate: authenticateAs([tool('reader', 'sipis:read'), device('phone', selectorNamed(1))]),
    })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const failures = {
    TIMEOUT: new DatabaseError('timeout', '57014', 'canceling statement due to statement timeout'),
    UNAVAILABLE: new DatabaseError('unavailable', '57P01', 'terminating connection'),
    INTERNAL: new DatabaseError('unexpected', 'XX000', 'a bug'),
  } as const

  it.each(Object.entries(cases))(
    'because its statement fails leaves the rest: %s',
    async (_, { query, statement, survives, path }) => {
      for (const [code, failure] of Object.entries(failures)) {
        fails = (text) => (statement.test(text) ? failure : undefined)
        const { data, errors } = await client.answer(query, {}, 'reader')
        fails = undefined
        expect(data).toEqual(survives)
        expect(errors).toMatchObject([{ path, extensions: { code } }])
        expect(errors).toHaveLength(1)
      }
    },
  )

  it.each(['selectors', 'calls', 'messages', 'pushTests', 'tokens'])(
    'because it is FORBIDDEN leaves the rest: Query.%s',
    async (field) => {
      const query = `{ viewer { name selector { name } } ${field} { totalCount nodes { id } } }`
      const { data, errors } = await client.answer(query, {}, 'phone')
      expect(data).toEqual({ viewer: { name: 'phone', selector: { name: selectorNamed(1) } }, [field]: null })
      expect(errors).toMatchObject([{ path: [field], extensions: { code: 'FORBIDDEN', requires: ['sipis:read'] } }])
    },
  )

  it('because it is FORBIDDEN leaves the rest: Query.database, Token.token, Selector.settings', async () => {
    const query =
      '{ database { encoding } viewer { selector { name settings { name } tokens { nodes { appId token } } } } }'
    const { data, errors } = await client.answer(query, {}, 'phone')
    const selector = { name: selectorNamed(1), settings: null, tokens: { nodes: [{ appId: 'app', token: null }] } }
    expect(data).toEqual({ database: null, viewer: { selector } })
    expect(errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code]).sort()).toEqual([
      ['database', 'FORBIDDEN'],
      ['viewer.selector.settings', 'FORBIDDEN'],
      ['viewer.selector.tokens.nodes.0.token', 'FORBIDDEN'],
    ])
  })

  it('because its value cannot be read leaves the rest: Selector.lastSeen', async () => {
    change = (_, rows) =>
      rows.map((row) => row.map((value) => (value?.startsWith('2026-01-01 ') ? 'unreadable' : value)))
    const { data, errors } = await client.answer('{ selectors { nodes { name lastSeen } } }', {}, 'reader')
    change = undefined
    expect(data).toEqual({ selectors: { nodes: [{ name: selectorNamed(1), lastSeen: null }] } })
    expect(errors).toMatchObject([{ path: ['selectors', 'nodes', 0, 'lastSeen'], extensions: { code: 'INTERNAL' } }])
  })
})
