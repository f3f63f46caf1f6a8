import fc from 'fast-check'
import {
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isIntrospectionType,
  isListType,
  isObjectType,
  parse,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Scope } from '../../src/auth/principal.ts'
import { anonymousPrincipal } from '../../src/auth/principal.ts'
import { refusedFields } from '../../src/auth/refused-fields.ts'
import { defaultLimits } from '../../src/config/limits.ts'
import { priceOf } from '../../src/documents/cost.ts'
import { createDocuments } from '../../src/documents/documents.ts'
import { schema } from '../../src/graph/schema.ts'
import { costOf, documents } from '../support/cost.ts'

describe('The cost of a query', () => {
  it('is 25 for a field that the caller may not read', () => {
    const query = '{ selector(name: "x") { tokens(first: 10) { nodes { id token } } } }'
    const prepared = documents.prepare(query)
    const operation = prepared.operation(undefined)
    const costFor = (...scopes: Scope[]) =>
      operation && prepared.cost(operation, {}, refusedFields({ ...anonymousPrincipal, scopes }))
    expect(costFor('sipis:read', 'sipis:tokens')).toBe(1 + 1 + 1 + 10 * 3)
    expect(costFor('sipis:read')).toBe(1 + 1 + 1 + 10 * 27)
    // The cost is cached per set of denied fields.
    expect(costFor('sipis:read', 'sipis:tokens')).toBe(33)
  })

  it.each([
    ['each field once', '{ viewer { name scopes } }', 3],
    ['every alias', '{ a: viewer { name } b: viewer { name } }', 4],
    ['a page of 20 where no size is given', '{ messages { nodes { id } } }', 1 + 1 + 20 * 2],
    ['a page of the size that is given', '{ messages(first: 3) { nodes { id } } }', 1 + 1 + 3 * 2],
    ['a page from the end', '{ messages(last: 3) { nodes { id } } }', 1 + 1 + 3 * 2],
    ['pages within pages', '{ selectors(first: 10) { nodes { calls(first: 5) { nodes { id } } } } }', 2 + 10 * 13],
    ['both nodes and edges', '{ messages(first: 2) { nodes { id } edges { cursor } } }', 1 + 2 + 2 * 2 + 2 * 2],
    ['a count of everything as a thousand', '{ calls { totalCount } }', 1 + 1_000 + 10],
    ['an empty page as one row', '{ messages(first: 0) { nodes { id } } }', 2 + 2],
    ['an empty page from the end as one row', '{ messages(last: 0) { edges { node { id } } } }', 2 + 3],
    [
      'empty pages within empty pages',
      '{ selectors(first: 0) { nodes { calls(last: 0) { nodes { id } } } } }',
      2 + 1 + 4,
    ],
    ['every alias of a count', '{ calls { a: totalCount b: totalCount } }', 1 + 2 * 1_010],
    [
      'a count in each fragment',
      '{ calls { ...T ... { ...T } } } fragment T on CallConnection { totalCount }',
      1 + 2 * 1_010,
    ],
    [
      'counts of a selector in fragments',
      '{ selector(name: "x") { calls { ...T ...T } } } fragment T on CallConnection { totalCount }',
      1 + 1 + 2 * 10,
    ],
    ['__typename', '{ viewer { __typename a: __typename } }', 3],
    ['64 characters of a name as another value', `{ viewer { ${'a'.repeat(63)}: name } }`, 2],
    ['64 characters of an alias as another value', `{ viewer { ${'a'.repeat(64)}: name } }`, 3],
    ['a long alias of __typename', `{ viewer { ${'a'.repeat(640)}: __typename } }`, 12],
    ['a long name once for all that is below', `{ ${'a'.repeat(64)}: viewer { name scopes } }`, 2 * 3],
    ['long names in the rows of a page', `{ messages(first: 5) { nodes { ${'a'.repeat(64)}: id } } }`, 2 + 5 * 3],
    ['long arguments', `{ selector(name: "${'x'.repeat(3_000)}") { id } }`, 1 + 2 + 1],
    ['a type of the schema', '{ __type(name: "SchemaVersion") { name enumValues { name } } }', 1 + 2 + 2 * 2],
    ['a type that is not there', '{ __type(name: "None") { name } }', 1],
    ['a count of one selector as ten', '{ selector(name: "x") { calls { totalCount } } }', 1 + 1 + 10],
    ['as many nodes as ids', '{ nodes(ids: ["a", "b", "c"]) { id } }', 1 + 3 * 2],
    ['a single id that stands for a list', '{ nodes(ids: "a") { id } }', 1 + 2],
    ['a list without ids', '{ nodes(ids: []) { id } }', 1],
    ['what stands in fragments', '{ ...A } fragment A on Query { viewer { ...B } } fragment B on Viewer { name }', 2],
    ['what stands in inline fragments', '{ ... { viewer { ... on Viewer { name } } } }', 2],
    [
      'the rows of a page in a fragment',
      '{ messages(first: 4) { ...P } } fragment P on MessageConnection { nodes { id } }',
      1 + 1 + 4 * 2,
    ],
    ['what a directive may leave out', '{ viewer @skip(if: true) { name } }', 2],
    ['a page out of range as the largest', '{ messages(first: 5000) { nodes { id } } }', 2 + 100 * 2],
    ['all settings that are allowed', '{ selector(name: "x") { settings { name } } }', 1 + 1 + 60 * 2],
  ])('counts %s', (_, query, cost) => {
    expect(costOf(query)).toBe(cost)
  })

  it.each([
    ['selectors', 'prefix: "1"', 1_000],
    ['selectors', 'suffix: "1"', 0],
    ['selectors', 'appId: "1"', 0],
    ['selectors', 'lastSeenSince: "2026-01-01T00:00:00Z", lastSeenUntil: "2027-01-01T00:00:00Z"', 0],
    ['calls', 'caller: { username: "1" }', 1_000],
    ['calls', 'caller: { domain: "1" }', 1_000],
    ['calls', 'missedReasons: [MISSED]', 1_000],
    ['calls', 'since: "2026-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z"', 0],
    ['calls', 'since: "2026-01-01T00:00:00Z", caller: { username: "1" }', 1_000],
    ['calls', 'caller: { usernameEndsWith: "1" }', 1_000],
    ['calls', 'missedReasons: []', 1_000],
    ['calls', 'caller: { username: null }', 0],
    ['calls', 'caller: {}', 0],
    ['calls', '', 0],
    ['messages', 'contentType: "1"', 1_000],
    ['messages', 'sender: { username: "1" }', 1_000],
    ['messages', 'sender: { domain: "1" }', 1_000],
    ['messages', 'since: "2026-01-01T00:00:00Z"', 0],
    ['pushTests', 'platform: "1"', 1_000],
    ['pushTests', 'isConcluded: false', 1_000],
    ['pushTests', 'until: "2026-01-01T00:00:00Z"', 0],
  ])('of %s with the filter { %s } counts %i for reading all rows', (list, filter, scan) => {
    const page = (fields: string) => `{ ${list}(first: 1, filter: { ${filter} }) { ${fields} } }`
    expect(costOf(page('nodes { id }'))).toBe(4 + scan)
    expect(costOf(page('nodes { id } edges { cursor } pageInfo { endCursor }'))).toBe(4 + 1 + 2 + 2 + scan)
    expect(costOf(page('totalCount'))).toBe(1_011)
    const aliases = `{ a: ${page('nodes { id }').slice(2, -2)} b: ${page('nodes { id }').slice(2, -2)} }`
    expect(costOf(aliases)).toBe(2 * (4 + scan))
    if (list === 'selectors') return
    const below = `{ selectors(first: 3) { nodes { ${page('...P').slice(2, -2)} } } } ${fragmentOf(list)}`
    expect(costOf(below)).toBe(2 + 3 * (1 + 4 + scan / 100))
  })

  it('includes the scan if a filter is a variable, contains one, or is the default of one', () => {
    const served = 4
    const scanned = 1_004
    const whole = 'query ($f: CallFilter) { calls(first: 1, filter: $f) { nodes { id } } }'
    const byDefault = whole.replace('CallFilter)', 'CallFilter = { caller: { domain: "x" } })')
    const part = 'query ($u: String) { calls(first: 1, filter: { caller: { username: $u } }) { nodes { id } } }'
    const order =
      'query ($o: SelectorOrder) { selectors(first: 1, filter: { lastSeenSince: "2026-01-01T00:00:00Z" }, orderBy: $o) { nodes { id } } }'
    const asked: readonly (readonly [string, Readonly<Record<string, unknown>>, number])[] = [
      [whole, {}, served],
      [whole, { f: null }, served],
      [whole, { f: { since: '2026-01-01T00:00:00Z' } }, served],
      [whole, { f: { caller: { username: null } } }, served],
      [whole, { f: { caller: { username: 'x' } } }, scanned],
      [byDefault, {}, scanned],
      [byDefault, { f: {} }, served],
      [byDefault, { f: null }, served],
      [part, {}, served],
      [part, { u: 'x' }, scanned],
      [order, {}, served],
      [order, { o: 'LAST_SEEN_ASC' }, served],
      [order, { o: null }, served],
      [order, { o: 'NAME_ASC' }, scanned],
    ]
    // Also in reverse, because the cached cost of one must not be used for the next.
    for (const [query, variables, cost] of [...asked, ...asked.toReversed()]) {
      expect([query, variables, costOf(query, variables)]).toEqual([query, variables, cost])
    }
  })

  it('includes long variables for each field that uses them', () => {
    const query = 'query ($s: String!) { a: selector(name: $s) { id } b: selector(name: $s) { id } }'
    expect(costOf(query, { s: 'x' })).toBe(4)
    expect(costOf(query, { s: 'x'.repeat(10_240) })).toBe(4 + 2 * 10)
    expect(costOf(query, { s: 'x' })).toBe(4)
    const ids = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'
    expect(costOf(ids, { ids: ['x'.repeat(2_048)] })).toBe(1 + 2 + 2)
    const names = 'query ($n: [String!]) { selectors(first: 10) { nodes { settings(names: $n) { name } } } }'
    expect(costOf(names, { n: ['x'.repeat(2_048)] })).toBe(2 + 10 * (1 + 1 + 2 + 60 * 2))
    // Variables of another type are rejected when the operation is executed.
    for (const s of [null, 5, {}, { toString: 1 }, [['x']]]) expect(costOf(query, { s })).toBe(4)
  })

  it('is a number for values of any type in the variables of any argument', () => {
    const values: unknown[] = [
      null,
      5,
      Number.POSITIVE_INFINITY,
      '',
      'x',
      true,
      {},
      { toString: null, valueOf: 1 },
      { since: { toString: 1 } },
    ]
    const hostile = [...values, values, [[values]]]
    const wrong = askingAll().flatMap((query) => {
      const names = [...query.matchAll(/\$(a\d+):/g)].flatMap(([, name]) => name ?? [])
      return hostile
        .map((value) => costOf(query, Object.fromEntries(names.map((name) => [name, value]))))
        .filter(Number.isNaN)
    })
    expect(wrong).toEqual([])
  })

  it('includes the characters of literal lists and objects, including field names', () => {
    const x = (count: number) => 'x'.repeat(count)
    const ids = (list: string) => `{ nodes(ids: [${list}]) { id } }`
    // Every 1,024 characters count as a value.
    expect([costOf(ids(`"${x(1_022)}"`)), costOf(ids(`"${x(1_023)}"`))]).toEqual([1 + 2, 2 + 2])
    expect([costOf(ids(`"${x(511)}", "${x(510)}"`)), costOf(ids(`"${x(511)}", "${x(511)}"`))]).toEqual([1 + 4, 2 + 4])
    expect([costOf(ids(`"${x(1_535)}", "${x(511)}"`)), costOf(ids(`"${x(1_535)}", "${x(510)}"`))]).toEqual([
      3 + 4,
      2 + 4,
    ])
    const calls = (filter: string) => costOf(`{ calls(filter: { ${filter} }) { __typename } }`)
    const domain = 'caller'.length + 'domain'.length
    expect(calls(`caller: { domain: "${x(1_023 - domain)}" }`)).toBe(2)
    expect(calls(`caller: { domain: "${x(1_024 - domain)}" }`)).toBe(3)
    const both = domain + 'username'.length + 1
    expect(calls(`caller: { username: null, domain: "${x(1_023 - both)}" }`)).toBe(2)
    expect(calls(`caller: { username: null, domain: "${x(1_024 - both)}" }`)).toBe(3)
  })

  it('includes the size of every list of objects', () => {
    const lists = Object.values(schema.getTypeMap()).flatMap((type) => {
      const isCounted =
        isObjectType(type) && !isIntrospectionType(type) && !/(Connection|Edge|Changes)$/.test(type.name)
      if (!isCounted) return []
      return Object.values(type.getFields())
        .filter((field) => isListType(getNullableType(field.type)) && isCompositeType(getNamedType(field.type)))
        .map(({ name, extensions }) => [
          `${type.name}.${name}`,
          extensions.listSize?.(() => [], { allowedSettings: 7 }),
        ])
    })
    expect(lists.sort()).toEqual([
      ['CallStats.rows', 1_000],
      ['Database.tableVersions', 100],
      ['PushTestStats.rows', 1_000],
      ['Query.nodes', 0],
      ['Selector.settings', 7],
      ['Servers.nodes', 100],
      ['TokenStats.rows', 100],
      ['TopCallers.nodes', 100],
    ])
  })

  it.each([
    ['', 'rows { count }', 1 * 2],
    ['REASON', 'rows { count }', 5 * 2],
    ['REASON', 'rows { count reason }', 5 * 3],
    ['CALLER_DOMAIN', 'rows { count }', 50 * 2],
    ['DAY', 'rows { count }', 9 * 2],
    ['DAY, REASON', 'rows { count }', 9 * 5 * 2],
    ['HOUR', 'rows { count }', 170 * 2],
    ['HOUR, REASON', '... on CallStats { rows { count } }', 170 * 5 * 2],
    ['HOUR, APP', 'rows { count }', 1_000 * 2],
  ])('includes the rows that a statistic by [%s] can have', (by, rows, cost) => {
    const field = (more = '') =>
      `callStats(since: "2026-11-01T00:00:00Z", until: "2026-11-08T00:00:00Z", by: [${by}]${more}) { ${rows} }`
    const reading = 10
    expect(costOf(`{ selector(name: "x") { ${field()} } }`)).toBe(1 + 1 + reading + 1 + cost)
    if (by === 'CALLER_DOMAIN')
      expect(costOf(`{ selector(name: "x") { ${field(', first: 3')} } }`)).toBe(1 + 1 + reading + 1 + 3 * 2)
  })

  it('includes the largest number of rows for spans and sizes that will be refused', () => {
    const field = (args: string) => `{ selector(name: "x") { callStats(${args}) { rows { count } } } }`
    const [since, until] = ['since: "2026-11-08T00:00:00Z"', 'until: "2026-11-01T00:00:00Z"']
    expect(costOf(field(`${since}, ${until}, by: DAY`))).toBe(1 + 1 + 10 + 1 + 33 * 2)
    expect(costOf(field(`${since}, ${until}, by: APP, first: 1000000`))).toBe(1 + 1 + 10 + 1 + 100 * 2)
    expect(costOf(field(`${since}, ${until}, by: APP, first: -1`))).toBe(1 + 1 + 10 + 1 + 100 * 2)
  })

  it('includes 100 rows of tableVersions', () => {
    expect(costOf('{ database { tableVersions { name } } }')).toBe(1 + 1 + 100 * 2)
  })

  it('depends on variables only if it has to', () => {
    const readBy = (query: string) => {
      const document = parse(query)
      const operation = getOperationAST(document) ?? expect.unreachable()
      const { reads } = priceOf({ schema, document, operation, variables: {}, sizes: { allowedSettings: 0 } })
      return [...reads.variables.keys()]
    }
    expect(readBy('{ messages(first: 3) { nodes { id } } }')).toEqual([])
    expect(readBy('query ($s: String!) { selector(name: $s) { id } }')).toEqual([])
    expect(readBy('query ($n: Int, $a: String) { messages(first: $n, after: $a) { nodes { id } } }')).toEqual(['n'])
  })

  it('is the same from the cache as computed anew, whatever variables were sent before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...withVariables), sentVariables), { maxLength: 40 }), (sent) => {
        const remembering = createDocuments(schema, defaultLimits)
        for (const [text, variables] of sent) {
          const { document, operation: named, cost } = remembering.prepare(text)
          const operation = named(undefined) ?? expect.unreachable()
          const anew = priceOf({ schema, document, operation, variables, sizes: { allowedSettings: 0 } })
          expect([text, variables, cost(operation, variables)]).toEqual([text, variables, anew.cost])
        }
      }),
    )
  })

  it('includes fragments of an introspection query', () => {
    const one = costOf('{ __type(name: "SchemaVersion") { name enumValues { name } } }')
    const inline = '{ __type(name: "SchemaVersion") { ... { name } ... on __Type { enumValues { name } } } }'
    expect(costOf(inline)).toBe(one)
    expect(
      costOf('{ __type(name: "SchemaVersion") { ...T } } fragment T on __Type { name ... { enumValues { name } } }'),
    ).toBe(one)
    expect(costOf('{ __type(name: "SchemaVersion") { __typename enumValues { __typename } } }')).toBe(one)
  })

  it('exceeds the limit for long names below the largest pages', () => {
    for (const field of ['__typename', 'id', 'pageInfo { endCursor }']) {
      const name = 'a'.repeat(90_000)
      const deepest = field.startsWith('pageInfo') ? `${name}: ${field}` : `nodes { ${name}: ${field} }`
      const query = `{ selectors(first: 100) { nodes { calls(first: 100) { ${deepest} } } } }`
      expect(costOf(query)).toBeGreaterThan(defaultLimits.cost)
    }
  })

  it('of introspection depends on the size of the schema', () => {
    const types = Object.keys(schema.getTypeMap()).length
    expect(costOf('{ __schema { types { name } } }')).toBe(1 + 1 + types * 2)
    expect(costOf('{ __schema { ...T ...T } } fragment T on __Schema { types { name } }')).toBe(1 + 2 * (1 + types * 2))
    const standard = costOf(getIntrospectionQuery())
    expect(standard).toBeGreaterThan(1_000)
    expect(standard).toBeLessThan(defaultLimits.cost / 5)
    const type = 'query ($n: String!) { __type(name: $n) { fields { name } } }'
    const fields = Object.keys(schema.getQueryType()?.getFields() ?? {}).length
    expect(costOf(type, { n: 'Viewer' })).toBe(1 + 1 + 3 * 2)
    expect(costOf(type, { n: 'Query' })).toBe(1 + 1 + fields * 2)
    expect(costOf(type, { n: 'None' })).toBe(1)
  })

  it('is cached correctly for the last few operations of a document', () => {
    const numbers = Array.from({ length: 60 }, (_, number) => number)
    const prepared = documents.prepare(
      numbers.map((n) => `query Q${n} { messages(first: ${n + 1}) { nodes { id } } }`).join(' '),
    )
    for (const n of [...numbers, ...numbers.toReversed()]) {
      const operation = prepared.operation(`Q${n}`)
      expect(operation && prepared.cost(operation, {})).toBe(2 + (n + 1) * 2)
    }
  })

  it('takes the page size from a variable or its default, and ignores null', () => {
    const query = (first: string) => `query (${first}) { messages(first: $first) { nodes { id } } }`
    const page = (size: number) => 2 + size * 2
    expect(costOf(query('$first: Int'), { first: 7 })).toBe(page(7))
    expect(costOf(query('$first: Int'))).toBe(page(20))
    expect(costOf(query('$first: Int'), { first: null })).toBe(page(20))
    expect(costOf(query('$first: Int = 9'))).toBe(page(9))
    expect(costOf(query('$first: Int = 9'), { first: 4 })).toBe(page(4))
    expect(costOf(query('$first: Int = 9'), { first: null })).toBe(page(20))
    expect(costOf('query ($last: Int = 6) { messages(first: null, last: $last) { nodes { id } } }')).toBe(page(6))
    expect(costOf('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: ['a', 'b', 'c', 'd'] })).toBe(1 + 4 * 2)
  })

  it('includes an invalid page size as the largest page', () => {
    for (const first of ['7', {}, [], -1, 1e300, true]) {
      expect(costOf('query ($first: Int) { messages(first: $first) { nodes { id } } }', { first })).toBe(2 + 100 * 2)
    }
  })
})

const withVariables = [
  'query ($n: Int, $m: Int = 7) { messages(first: $n, last: $m) { nodes { id } } }',
  'query ($f: CallFilter = { caller: { domain: "x" } }, $n: Int) { calls(filter: $f, first: $n) { nodes { id } totalCount } }',
  'query ($s: DateTime, $t: String!) { selector(name: $t) { calls(filter: { since: $s, callId: $t }) { nodes { id } } } }',
  'query ($o: SelectorOrder, $s: DateTime) { selectors(filter: { lastSeenSince: $s }, orderBy: $o) { nodes { id } } }',
  'query ($s: DateTime!, $t: DateTime!, $b: [CallDimension!]!) { callStats(since: $s, until: $t, by: $b) { rows { count } } }',
  `query ($s: ID! = "${'d'.repeat(50)}", $t: String!) { selector(name: $t) { id } node(id: $s) { id } }`,
  `query ($s: String!) { selector(name: $s) { settings(names: ["${'n'.repeat(1_000)}", $s, $s]) { name } } }`,
]

const sentValue = fc.oneof(
  fc.constantFrom(
    null,
    0,
    -0,
    5,
    Number.POSITIVE_INFINITY,
    true,
    '',
    'x',
    'LAST_SEEN_ASC',
    'NAME_ASC',
    '2026-01-01T00:00:00Z',
    'HOUR',
    'APP',
  ),
  fc.constantFrom({}, { since: 'x' }, { since: null }, { caller: { username: null } }, { caller: { username: 'x' } }),
  fc.constantFrom([], ['x'], [null], ['HOUR'], ['DAY', 'APP'], '2026-01-03T00:00:00Z'),
  fc.integer({ min: 1, max: 2_100 }).map((length) => 'l'.repeat(length)),
)
const sentVariables = fc.dictionary(fc.constantFrom('n', 'm', 'f', 's', 't', 'o', 'b'), sentValue, {
  noNullPrototype: true,
})

function fragmentOf(list: string): string {
  const type = { calls: 'Call', messages: 'Message', pushTests: 'PushTest' }[list]
  return `fragment P on ${type}Connection { nodes { id } }`
}

/** A query for each field with arguments of Query and of Selector, with a variable for each argument. */
function askingAll(): string[] {
  const asked = ['Query', 'Selector'].flatMap((typeName) => {
    const type = schema.getType(typeName)
    if (!isObjectType(type)) throw new Error(`${typeName} is no type.`)
    return Object.values(type.getFields())
      .filter(({ args }) => args.length > 0)
      .map(({ name, args, type: returned }) => {
        const variables = args.map((argument, n) => `$a${n}: ${argument.type}`).join()
        const given = args.map((argument, n) => `${argument.name}: $a${n}`).join()
        const field = `${name}(${given}) ${isCompositeType(getNamedType(returned)) ? '{ __typename }' : ''}`
        return `query (${variables}) { ${typeName === 'Query' ? field : `selector(name: "x") { ${field} }`} }`
      })
  })
  return [...asked, 'query ($a0: String!) { __type(name: $a0) { name } }']
}
