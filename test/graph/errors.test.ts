import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import { DatabaseError } from '../../src/errors/database-error.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends, cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

describe.each(backends)('Bad input on $name', ({ open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await addSelector(opened, 1)
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: '2026-01-01' })
    client = await openClient(opened.database)
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const codes = async (query: string, variables?: object) => {
    const { errors } = await client.answer(query, variables)
    return errors?.map(({ extensions }) => extensions.code)
  }

  it.each([
    ['a page that is too large', '{ calls(first: 101) { totalCount } }'],
    ['a page that is negative', '{ selectors { nodes { calls(last: -1) { totalCount } } } }'],
    ['an invalid cursor', '{ calls(after: "nonsense") { nodes { id } } }'],
    ['an empty cursor', '{ calls(after: "") { nodes { id } } }'],
    ['a NUL in a text', '{ selector(name: "a\\u0000") { id } }'],
    ['a NUL in a filter', '{ calls(filter: { caller: { username: "\\u0000" } }) { totalCount } }'],
  ])('that is %s is BAD_USER_INPUT', async (_, query) => {
    expect(await codes(query)).toEqual(['BAD_USER_INPUT'])
  })

  it.each([
    ['a directive', 'query ($x: Boolean = true) { name: __typename @include(if: $x) }'],
    ['a directive of a nested field', 'query ($x: Boolean = true) { calls { nodes { id @skip(if: $x) } } }'],
    [
      'a directive of a spread',
      'query ($x: Boolean = true) { calls { ...C @skip(if: $x) } } fragment C on CallConnection { totalCount }',
    ],
    ['an argument', 'query ($x: String = "a") { selector(name: $x) { id } }'],
    ['an item of a list', 'query ($x: ID = "a") { nodes(ids: [$x]) { id } }'],
  ])('that is null in a variable of %s is BAD_USER_INPUT', async (_, query) => {
    expect(await codes(query, { x: null })).toEqual(['BAD_USER_INPUT'])
    expect(client.log).toEqual([])
  })

  it.each([
    ['first', '{ calls(first: 101) { totalCount } }', {}, ['first']],
    ['after', '{ calls(after: "nonsense") { nodes { id } } }', {}, ['after']],
    ['before', 'query ($c: String) { calls(before: $c) { nodes { id } } }', { c: 'x' }, ['before']],
    ['name', '{ selector(name: "a\u0000") { id } }', {}, ['name']],
    ['id', '{ node(id: "x") { id } }', {}, ['id']],
    ['ids', 'query ($i: [ID!]!) { nodes(ids: $i) { id } }', { i: ['x'] }, ['ids', 0]],
    [
      'names',
      `{ selector(name: "${selectorNamed(1)}") { settings(names: [${'"n" '.repeat(51)}]) { name } } }`,
      {},
      ['names'],
    ],
    [
      'a filter',
      '{ calls(filter: { caller: { username: "\u0000" } }) { totalCount } }',
      {},
      ['filter', 'caller', 'username'],
    ],
    [
      'a filter of messages',
      '{ messages(filter: { contentType: "\u0000" }) { totalCount } }',
      {},
      ['filter', 'contentType'],
    ],
    ['a variable', 'query ($n: Int) { calls(first: $n) { totalCount } }', { n: 'x' }, ['first']],
    ['a missing variable', 'query ($n: String!) { selector(name: $n) { id } }', {}, ['name']],
    ['a null variable', 'query ($n: String! = "a") { selector(name: $n) { id } }', { n: null }, ['name']],
    ['a null at an argument', 'query ($n: String = "a") { selector(name: $n) { id } }', { n: null }, ['name']],
    ['a null item', 'query ($n: ID = "a") { nodes(ids: ["x", $n]) { id } }', { n: null }, ['ids']],
    [
      'a filter in a variable',
      'query ($f: CallFilter) { calls(filter: $f) { totalCount } }',
      { f: { since: 'x' } },
      ['filter', 'since'],
    ],
    [
      'an item in a filter in a variable',
      'query ($f: CallFilter) { calls(filter: $f) { totalCount } }',
      { f: { missedReasons: ['MISSED', 'NOPE'] } },
      ['filter', 'missedReasons', 1],
    ],
    [
      'a part of a filter in a variable',
      'query ($c: SipAddressFilter) { calls(filter: { caller: $c }) { totalCount } }',
      { c: { domain: 5 } },
      ['filter', 'caller', 'domain'],
    ],
    [
      'an unknown part in a variable',
      'query ($f: CallFilter) { viewer { name } ...F } fragment F on Query { calls(filter: $f) { totalCount } }',
      { f: { nothing: 1 } },
      ['filter'],
    ],
    ['a directive', 'query ($x: Boolean = true) { viewer { name @include(if: $x) } }', { x: null }, undefined],
  ])('says which argument is at fault: %s', async (_, query, variables, argument) => {
    const { errors = [] } = await client.answer(query, variables)
    expect(errors.map(({ extensions }) => extensions)).toEqual([
      argument === undefined ? { code: 'BAD_USER_INPUT' } : { code: 'BAD_USER_INPUT', argument },
    ])
  })

  it('of several places of a variable says each place, in the message as well', async () => {
    const query = 'query ($f: CallFilter) { calls(filter: $f) { totalCount } }'
    const { errors = [] } = await client.answer(query, { f: { since: 'x', missedReasons: ['NOPE'], until: 5 } })
    expect(errors.map(({ message, extensions }) => [message.replace(/;.*/s, ''), extensions])).toEqual(
      ['missedReasons.0', 'since', 'until']
        .map((place) => place.split('.').map((step) => (step === '0' ? 0 : step)))
        .map((place) => [
          expect.stringContaining(` at "f.${place.join('.').replace('.0', '[0]')}"`),
          { code: 'BAD_USER_INPUT', argument: ['filter', ...place] },
        ]),
    )
  })

  it('that is repeated in thousands of ids is an error for each of the first hundred, and a number for the rest', async () => {
    const lists = Array.from({ length: 49 }, (_, n) => `f${n}: nodes(ids: $ids) { id }`)
    const ids = Array.from({ length: 100 }, (_, n) => `bad ${n}`)
    const { data, errors = [] } = await client.answer(`query ($ids: [ID!]!) { ${lists.join(' ')} }`, { ids })
    expect(Object.values(data).flat()).toEqual(Array.from({ length: 4_900 }, () => null))
    expect(errors.slice(0, 100).map(({ path }) => path)).toEqual(ids.map((_, n) => ['f0', n]))
    expect(errors.slice(0, 100).every(({ extensions }) => extensions.code === 'BAD_USER_INPUT')).toBe(true)
    expect(errors.slice(100).map(({ extensions }) => extensions)).toEqual([{ code: 'TOO_COSTLY', omitted: 4_800 }])
    expect(client.log).toEqual([])
  })

  it('that is repeated in thousands of places of a variable is at most five errors', async () => {
    const filter = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`unknown${n}`, n]))
    const found = await codes('query ($filter: CallFilter) { calls(filter: $filter) { totalCount } }', { filter })
    expect(found).toEqual(Array.from({ length: 6 }, () => 'BAD_USER_INPUT'))
  })

  it('that is a cursor of another list or order is BAD_USER_INPUT', async () => {
    const data = await client.ask('{ calls { pageInfo { endCursor } } selectors { pageInfo { endCursor } } }')
    const call = data.calls.pageInfo.endCursor
    const selector = data.selectors.pageInfo.endCursor
    expect(await codes(`{ messages(after: "${call}") { totalCount } }`)).toEqual(['BAD_USER_INPUT'])
    expect(await codes(`{ selectors(after: "${call}") { totalCount } }`)).toEqual(['BAD_USER_INPUT'])
    expect(await codes(`{ selectors(orderBy: NAME_ASC, after: "${selector}") { totalCount } }`)).toEqual([
      'BAD_USER_INPUT',
    ])
  })

  it('that is a cursor with a forged position is BAD_USER_INPUT or an empty page', async () => {
    const forged = fc.tuple(
      fc.constantFrom('1c', '1s', '1l', '1t', '2c', ''),
      fc.oneof(
        fc.string(),
        fc.constantFrom('infinity', '-infinity', 'now', '2026-13-01', 'today', "'", '\\x00', '\\000'),
      ),
      fc.oneof(fc.string(), fc.bigInt().map(String), fc.constant('1'), fc.constant('99999999999999999999')),
    )
    await fc.assert(
      fc.asyncProperty(forged, async (parts) => {
        const after = Buffer.from(parts.join('\n')).toString('base64url')
        for (const list of ['calls', 'selectors', 'selectors(orderBy: NAME_ASC, after: $after)']) {
          const field = list.includes('(') ? list : `${list}(after: $after)`
          const { data, errors } = await client.answer(`query ($after: String) { ${field} { nodes { id } } }`, {
            after,
          })
          if (errors === undefined) expect(data).toBeTruthy()
          else expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
        }
      }),
      { numRuns: 60 },
    )
  })

  it('that is not a DateTime is rejected by validation as a literal, and by coercion as a variable', async () => {
    expect(await codes('{ calls(filter: { since: "yesterday" }) { totalCount } }')).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ])
    expect(await codes('{ calls(filter: { since: 5 }) { totalCount } }')).toEqual(['GRAPHQL_VALIDATION_FAILED'])
    const query = 'query ($since: DateTime) { calls(filter: { since: $since }) { totalCount } }'
    for (const since of ['yesterday', '2026-02-30T00:00:00Z', '2026-01-01', '0000-01-01T00:00:00Z', 5, {}]) {
      const { errors } = await client.answer(query, { since })
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining('$since'),
        extensions: { code: 'BAD_USER_INPUT' },
      })
    }
    expect(await codes(query, { since: '2026-01-01T00:00:00+15:59' })).toBeUndefined()
  })

  it('that is not GraphQL or does not match the schema has its own error code', async () => {
    expect(await codes('{')).toEqual(['GRAPHQL_PARSE_FAILED'])
    expect(await codes('{ nothing }')).toEqual(['GRAPHQL_VALIDATION_FAILED'])
    expect(await codes('query A { viewer { name } } query B { viewer { name } }')).toEqual(['BAD_USER_INPUT'])
  })

  it('fails only its own field', async () => {
    const { data, errors } = await client.answer(
      `{ selector(name: "${selectorNamed(1)}") { id } node(id: "x") { id } viewer { name } }`,
    )
    expect(data).toMatchObject({ selector: { id: expect.any(String) }, node: null, viewer: { name: 'open' } })
    expect(errors).toHaveLength(1)
    expect(errors?.[0]).toMatchObject({ path: ['node'], extensions: { code: 'BAD_USER_INPUT' } })
  })

  it('is not logged, because it is a client error', () => {
    expect(client.log).toEqual([])
  })
})

describe('A server error', () => {
  async function failing(failure: DatabaseError | Error) {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql(`INSERT INTO selectors (selector) SELECT 's' || n FROM generate_series(1, 50) n`)
    const real = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => real.close() })
    let broken = false
    const database: Database = {
      query: (statement) =>
        broken && render(statement).text.includes('sipcalls') ? Promise.reject(failure) : real.query(statement),
      close: () => real.close(),
    }
    const client = await openClient(database)
    broken = true
    return client
  }

  it('is masked, and logged once with its cause for any number of fields', async () => {
    const client = await failing(new DatabaseError('unexpected', '42703', 'column "secret_column" does not exist'))
    const { errors } = await client.answer('{ selectors(first: 50) { nodes { calls { nodes { id } } } } }')
    expect(errors).toBeDefined()
    for (const error of errors ?? []) {
      expect(error.extensions).toEqual({ code: 'INTERNAL', requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
      expect(error.message).not.toContain('secret_column')
    }
    expect(client.log).toHaveLength(1)
    expect(JSON.parse(String(client.log[0]))).toMatchObject({
      code: 'INTERNAL',
      sqlstate: '42703',
      cause: 'column "secret_column" does not exist',
    })
  })

  it.each([
    ['unavailable', '57P01', 'UNAVAILABLE'],
    ['unreadable', '42501', 'UNAVAILABLE'],
    ['slow', '55P03', 'TIMEOUT'],
    ['timeout', '57014', 'TIMEOUT'],
  ] as const)('that is %s has an error code without details', async (failure, sqlstate, code) => {
    const client = await failing(new DatabaseError(failure, sqlstate, 'inner words'))
    const { errors } = await client.answer('{ calls { nodes { id } } }')
    expect(errors?.[0]).toMatchObject({ extensions: { code } })
    expect(JSON.stringify(errors)).not.toContain('inner words')
  })

  it('that is a bug reveals no details', async () => {
    const client = await failing(new TypeError('inner words'))
    const { errors } = await client.answer('{ calls { nodes { id } } }')
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'INTERNAL' } })
    expect(JSON.stringify(errors)).not.toContain('inner words')
    expect(client.log.join()).toContain('inner words')
  })
})
