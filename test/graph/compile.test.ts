import fc from 'fast-check'
import type { ExecutionResult } from 'graphql'
import { execute, GraphQLError, getIntrospectionQuery, parse, validate } from 'graphql'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Principal } from '../../src/auth/principal.ts'
import { openPrincipal } from '../../src/auth/principal.ts'
import { compile } from '../../src/graph/compile.ts'
import type { Context } from '../../src/graph/context.ts'
import { schema } from '../../src/graph/schema.ts'
import { openLoaders } from '../../src/loaders/loaders.ts'
import { openUsage } from '../../src/loaders/usage.ts'
import { createErrorMask } from '../../src/server/errors.ts'
import { detect, projectionOf } from '../../src/versions/detect.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

type Variables = Readonly<Record<string, unknown>>

const call = 'id selector { id } time missedReason caller { uri port displayName }'
const filtered = 'query ($f: CallFilter) { calls(first: 2, filter: $f) { totalCount nodes { id } } }'
const page = 'query ($first: Int!) { selectors(first: $first) { nodes { id } } }'
const since = 'query ($since: DateTime) { calls(first: 1, filter: { since: $since }) { nodes { time } } }'
const two = 'query A { viewer { name } } query B { viewer { scopes } }'
const shown =
  'query ($n: Int = 2, $x: Boolean = true) { selectors(first: $n) { nodes { id @include(if: $x) selector @skip(if: $x) } } }'

const plain: readonly (readonly [string, Variables?, string?])[] = [
  ['{ __typename viewer { name scopes selector { id } } database { schemaVersion tableVersions { name } } }'],
  [
    `{ selectors(first: 3) { totalCount edges { cursor node { id lastSeen } } nodes { ...all } pageInfo { endCursor } } }
    fragment all on Selector { tokens { totalCount nodes { id appId fingerprint lastSeen } pageInfo { hasNextPage } }
      a: calls(first: 2) { ...some } b: calls(last: 2, orderBy: OLDEST_FIRST) { ...some }
      messages(first: 1) { nodes { headers body sender { uri } } } pushTests { nodes { latencyMs concluded } } }
    fragment some on CallConnection { totalCount nodes { ${call} } ... on CallConnection { edges { cursor } } }`,
  ],
  [`{ selector(selector: "nobody") { id calls { nodes { id } } } }`],
  [getIntrospectionQuery()],
  ['{ __type(name: "Call") { fields { name type { name kind } } } __schema { queryType { name } } }'],
  [shown],
  [shown, { x: false }],
  [shown, { n: null, x: null }],
  [page, {}],
  [page, { first: 'x' }],
  [page, { first: 1.5 }],
  [page, { first: 101 }],
  [page, { first: null }],
  [since, { since: 'yesterday' }],
  [since, { since: '2026-01-01T00:00:00Z' }],
  [since, { since: 5 }],
  [since, { since: null }],
  [since],
  [filtered, { f: { missedReason: ['MISSED', 'UNKNOWN'], since: '2026-01-01T00:00:00Z', callerDomain: null } }],
  [filtered, { f: { missedReason: 'MISSED' } }],
  [filtered, { f: { missedReason: ['NOPE'], bogus: 1 } }],
  [filtered, { f: { since: 'x', until: 'y' } }],
  ['query ($o: TimeOrder = OLDEST_FIRST) { calls(first: 2, orderBy: $o) { nodes { id } } }'],
  ['query ($o: TimeOrder) { calls(first: 2, orderBy: $o) { nodes { id } } }', { o: null }],
  ['query ($o: TimeOrder) { calls(first: 2, orderBy: $o) { nodes { id } } }', { o: 'NOPE' }],
  ['query ($s: String = "x\\"y\\u2028") { selector(selector: $s) { id } }'],
  ['query ($id: ID!) { node(id: $id) { id } viewer { name } }', { id: 5 }],
  ['query ($id: ID!) { node(id: $id) { id } }', { id: true }],
  ['query ($id: ID!) { node(id: $id) { id } }', { id: ['a'] }],
  ['{ calls(after: "nonsense") { nodes { id } } viewer { name } }'],
  ['{ selectors(first: 2) { nodes { a: calls(first: 200) { nodes { id } } b: calls(first: 300) { nodes { id } } } } }'],
  ['{ nodes(ids: ["x", "y"]) { id } viewer { name } }'],
  ['{ a: selector(selector: "a\\u0000") { id } b: selector(selector: "b\\u0000") { id } viewer { name } }'],
  ['{ selectors { nodes { tokens { nodes { id token } } } } }'],
  [two, {}, 'B'],
  [two],
  [two, {}, 'C'],
]

describe.each(backends.filter(({ name }) => name.endsWith('UTF8')))('A compiled operation on $name', ({ open }) => {
  let opened: Opened
  let context: () => Context
  let ids: string[]

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 5, calls: 4 })
    const { database } = opened
    const detected = await detect(database)
    const projection = projectionOf(detected.version, { ...detected, timeZone: 'UTC' })
    const principal: Principal = { ...openPrincipal, scopes: ['sipis:read'] }
    context = () => {
      const loaders = openLoaders(database, projection, { usage: openUsage(10_000_000), readTokens: false })
      return { principal, loaders, database, detected, allowedSettings: [] }
    }
    const kinds = ['tokens', 'calls', 'messages', 'pushTests'].map((kind) => `${kind}(first: 1) { nodes { id } }`)
    const { data } = await interpreted(`{ selectors(first: 2) { nodes { id ${kinds.join(' ')} } } }`, {})
    ids = [...JSON.stringify(data).matchAll(/"id":"([^"]+)"/g)].map(([, id = '']) => id)
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const interpreted = async (source: string, variables: Variables, operationName?: string) => {
    const args = { schema, document: parse(source), operationName, variableValues: variables, contextValue: context() }
    return execute(args)
  }
  /** What a client sees of both. */
  const both = async (source: string, variables: Variables = {}, operationName?: string) => {
    expect(validate(schema, parse(source))).toEqual([])
    const compiled = await compile(schema, parse(source), operationName)(context(), variables)
    return [seen(compiled), seen(await interpreted(source, variables, operationName))]
  }

  it.each(plain.map(asCase))(
    'answers as graphql-js does: $source $variables',
    async ({ source, variables, operationName }) => {
      const [compiled, expected] = await both(source, variables, operationName)
      expect(compiled).toBe(expected)
    },
  )

  it('answers as graphql-js does for objects of all types by their ids', async () => {
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ...more ... on Selector { lastSeen } } }
      fragment more on Node { ... on Call { time caller { uri } } ... on Token { appId } ... on PushTest { started } }`
    const [compiled, expected] = await both(query, { ids: [...ids, ids[0]] })
    expect(compiled).toBe(expected)
    expect(compiled).not.toContain('null')
    for (const id of ids) {
      const [one, same] = await both(query.replace('nodes(ids: $ids)', 'node(id: $ids)').replace('[ID!]!', 'ID!'), {
        ids: id,
      })
      expect(one).toBe(same)
    }
  })

  it('takes and refuses the variables that graphql-js does', async () => {
    const leaf = fc.oneof(
      fc.constantFrom(
        null,
        true,
        '',
        'MISSED',
        'UNKNOWN',
        'OLDEST_FIRST',
        '2026-01-01T00:00:00Z',
        1,
        0,
        -1,
        1.5,
        2 ** 31,
      ),
      fc.string({ maxLength: 5 }),
    )
    const filter = fc.dictionary(
      fc.constantFrom('since', 'until', 'missedReason', 'callerUsername', 'bogus', '__proto__'),
      fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })),
      { maxKeys: 3 },
    )
    const query = `query ($f: CallFilter, $n: Int = 2, $o: TimeOrder) {
      calls(first: $n, filter: $f, orderBy: $o) { totalCount nodes { id time } } }`
    const run = compile(schema, parse(query))
    await fc.assert(
      fc.asyncProperty(
        fc.record({ f: fc.oneof(filter, leaf), n: leaf, o: leaf }, { requiredKeys: [] }),
        async (variables) => {
          expect(seen(await run(context(), variables))).toBe(seen(await interpreted(query, variables)))
        },
      ),
      { numRuns: 150 },
    )
  })
})

function asCase([source, variables = {}, operationName]: (typeof plain)[number]) {
  return { source, variables, operationName }
}

const mask = createErrorMask(pino({ enabled: false }))

function seen({ errors, ...rest }: ExecutionResult): string {
  return JSON.stringify(errors === undefined ? rest : { errors: errors.map(mask), ...rest })
}

describe('An error of a compiled operation', () => {
  it('keeps its cause, its path and its place in the text', async () => {
    const cause = new GraphQLError('no', { extensions: { code: 'FORBIDDEN' } })
    const context: Context = Object.create(null, { principal: { get: () => Promise.reject(cause) } })
    const { errors } = await compile(schema, parse('{\n  who: viewer { name } }'))(context, {})
    expect(errors?.[0]).toMatchObject({
      originalError: cause,
      path: ['who'],
      locations: [{ line: 2, column: 3 }],
      extensions: { code: 'FORBIDDEN' },
    })
  })
})
