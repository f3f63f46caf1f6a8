import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { render } from '../../../src/database/database.ts'
import { openPool } from '../../../src/database/pool.ts'
import type { Observation } from '../../../src/telemetry/observation.ts'
import type { ClientOptions } from '../../support/client.ts'
import { openClient, unlimited } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import { authenticateAs, device, tool } from '../../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../../support/rows.ts'
import { until } from '../../support/until.ts'

const application = 'sipis-gateway scans test'
const poolSize = 4
const callers = ['a', 'b', 'c', 'd'].map((name) => tool(name, 'sipis:read'))
const phone = device('phone', selectorNamed(1))
const filtered = (n: number) => `f${n}: calls(first: 1, filter: { caller: { username: "n${n}" } }) { nodes { id } }`
const worst = `{ ${Array.from({ length: 46 }, (_, n) => filtered(n)).join(' ')} }`
const history = '{ viewer { selector { messages { nodes { id } } } } }'

describe('Scans', () => {
  let own: TestDatabase
  let database: Database

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    const target = { version: 'V2' as const, sql: own.sql }
    await addSelector(target, 1)
    await addRow(target, 'siptextmessages', 1, { rowid: 1, time: '2026-01-01' })
    await addRow(target, 'sipcalls', 1, { rowid: 1, time: '2026-01-01', username: 'n7' })
    database = openPool({
      connection: { connectionString: own.url },
      maxConnections: poolSize,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 60_000,
      applicationName: application,
    })
  })
  afterAll(async () => {
    await database.close()
    await own[Symbol.asyncDispose]()
  })

  const open = async (options: ClientOptions = {}) => untilTestEnds(await openClient(database, options))

  /** Blocks scans of calls on the server until the returned function is called. */
  async function locked(): Promise<() => Promise<void>> {
    const holder = new pg.Client(own.url)
    await holder.connect()
    await holder.query('BEGIN; LOCK TABLE sipcalls IN ACCESS EXCLUSIVE MODE')
    const release = () => holder.end()
    untilTestEnds({ [Symbol.asyncDispose]: release })
    return release
  }
  const underWay = async () => {
    const [[count] = []] = await own.sql(`SELECT count(*) FROM pg_stat_activity
      WHERE application_name = '${application}' AND wait_event_type = 'Lock'`)
    return Number(count)
  }
  /** Maximum of frequent samples. */
  const mostUnderWay = async (expected: number) => {
    await until(`${expected} are under way`, async () => (await underWay()) === expected)
    let most = 0
    for (let look = 0; look < 50; look++) most = Math.max(most, await underWay())
    return most
  }

  const authenticate = authenticateAs([...callers, phone])

  it.each([
    ['an operation', 1, { scans: 3, scansPerCaller: 3 }, 2],
    ['a caller', 2, { scans: 3, scansPerCaller: 1 }, 1],
    ['all', 4, { scans: 3, scansPerCaller: 2 }, 3],
  ])(
    'are limited for %s; devices, lists, other callers and /health are answered meanwhile',
    async (_, operations, limits, bound) => {
      const client = await open({ authenticate, limits: { ...unlimited, ...limits, operationMs: 60_000 } })
      const release = await locked()
      const names = bound === 1 ? ['a', 'a'] : ['a', 'b', 'c', 'd'].slice(0, operations)
      const asked = names.map((name) => client.answer(worst, {}, name))
      expect(await mostUnderWay(bound)).toBe(bound)
      expect(await client.ask(history, {}, 'phone')).toMatchObject({
        viewer: { selector: { messages: { nodes: [{}] } } },
      })
      expect((await fetch(`${client.url}/health`)).status).toBe(200)
      expect(await client.ask('{ selectors { nodes { name } } }', {}, 'd')).toMatchObject({
        selectors: { nodes: [{}] },
      })
      if (bound < 3) {
        expect(await client.ask('{ selectors { totalCount } }', {}, 'd')).toEqual({ selectors: { totalCount: 1 } })
      }
      await release()
      for (const { data, errors } of await Promise.all(asked)) {
        expect(errors).toBeUndefined()
        expect(Object.values(data).map((page) => Object(page).nodes.length)).toEqual(
          Array.from({ length: 46 }, (_, n) => (n === 7 ? 1 : 0)),
        )
      }
    },
  )

  it('that wait end with their operation', async () => {
    const client = await open({ authenticate, limits: { ...unlimited, scans: 1, operationMs: 300 } })
    const release = await locked()
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => client.answer(worst, {}, name)))
    for (const { errors = [] } of answers) {
      expect(new Set(errors.map(({ extensions }) => extensions.code))).toEqual(new Set(['TIMEOUT']))
    }
    await release()
    await until('none is under way', async () => (await underWay()) === 0)
    expect(await client.ask('{ calls { totalCount } }', {}, 'a')).toEqual({ calls: { totalCount: 1 } })
  })

  it.each([
    ['totalCount', (n: number) => `f${n}: calls(first: ${n}) { totalCount }`],
    [
      'filtered totalCount',
      (n: number) => `f${n}: calls(filter: { since: "2026-01-01T0${n % 2}:00:00+0${n % 2}:00" }) { totalCount }`,
    ],
    ['totalCount of selectors', (n: number) => `f${n}: selectors(last: ${n}) { totalCount }`],
    [
      'usual page',
      (n: number) => `f${n}: calls${n % 2 === 0 ? '' : '(orderBy: NEWEST_FIRST, first: 20)'} { nodes { id } }`,
    ],
    [
      'page',
      (n: number) =>
        `f${n}: pushTests(first: 3, filter: ${n % 2 === 0 ? 'null' : '{ platform: null }'}) { nodes { id } }`,
    ],
    ['tableVersions', (n: number) => `f${n}: database { tableVersions { name } }`],
  ])('of one %s run once for any number of aliases and equivalent arguments', async (_, field) => {
    const client = await open({ limits: unlimited })
    client.statements()
    await client.ask(`{ ${Array.from({ length: 50 }, (_, n) => field(n)).join(' ')} }`)
    const ran = client.statements()
    // The same time with two UTC offsets is two strings.
    expect(ran.length).toBeLessThanOrEqual(field(0).includes('since') ? 2 : 1)
    await client.ask(`{ ${field(0)} }`)
    expect(client.statements().length, 'the next operation runs it again').toBeLessThanOrEqual(1)
  })

  it.each([
    ['pages', 16, (n: number) => `first: ${n}) { nodes { id } }`],
    ['counts', 4, (n: number) => `filter: { caller: { username: "n${n}" } }) { totalCount }`],
    ['searches', 4, (n: number) => `filter: { caller: { username: "n${n}" } }) { nodes { id } }`],
  ])('and look-ups of an operation are limited: of %s, %i run at once', async (_, bound, list) => {
    let now = 0
    let most = 0
    const watched: Database = {
      async query(statement, signal) {
        const isLookUp = render(statement).lookUp !== undefined
        if (isLookUp) most = Math.max(most, ++now)
        const rows = await database.query(statement, signal)
        if (isLookUp) now--
        return rows
      },
      close: () => database.close(),
    }
    const client = untilTestEnds(await openClient(watched, { authenticate, limits: unlimited }))
    const lists = Array.from({ length: 49 }, (_, n) => `f${n}: calls(${list(n)}`)
    const one = `{ selector(name: "${selectorNamed(1)}") { ${lists.join(' ')} } }`
    const { selector } = await client.ask(one, {}, 'a')
    expect(Object.keys(selector)).toHaveLength(49)
    expect(most).toBe(bound)
  })

  it.each(['nodes { id }', 'totalCount'])(
    'that read one selector for %s take turns with those of other callers',
    async (fields) => {
      const order: string[] = []
      const watched: Database = {
        query(statement, signal) {
          const { values, lookUp } = render(statement)
          if (lookUp?.slow) order.push(String(values.find((value) => /^[ab]\d+$/.test(String(value)))))
          return database.query(statement, signal)
        },
        close: () => database.close(),
      }
      const client = untilTestEnds(await openClient(watched, { authenticate, limits: unlimited }))
      const search = (caller: string) => {
        const lists = Array.from(
          { length: 40 },
          (_, n) => `f${n}: calls(filter: { caller: { username: "${caller}${n}" } }) { ${fields} }`,
        )
        return client.ask(`{ selector(name: "${selectorNamed(1)}") { ${lists.join(' ')} } }`, {}, caller)
      }
      const release = await locked()
      const ofA = Array.from({ length: 6 }, () => search('a'))
      await until('searches of a wait for the lock', async () => order.length > 0 && (await underWay()) > 0)
      const ofB = search('b')
      await until('b has begun', () => order.some((one) => one.startsWith('b')))
      await release()
      await Promise.all([...ofA, ofB])
      const lastOfB = order.findLastIndex((one) => one.startsWith('b'))
      const before = order.slice(0, lastOfB).filter((one) => one.startsWith('a'))
      expect(order.filter((one) => one.startsWith('a')).length).toBe(240)
      expect(before.length).toBeLessThan(100)
    },
  )

  it('never delay /health, even if they use every connection', async () => {
    const client = await open({ limits: { ...unlimited, scans: 100, scansPerCaller: 100 } })
    const release = await locked()
    const asked = [1, 2, 3].map((n) => client.answer(`{ ${filtered(n)} ${filtered(n + 10)} }`))
    expect(await mostUnderWay(poolSize)).toBe(poolSize)
    expect((await fetch(`${client.url}/health`)).status).toBe(200)
    await release()
    await Promise.all(asked)
  })
})

describe('A server error', () => {
  it('is observed once for an operation, with the number of failed fields', async () => {
    await using own = await cloneDatabase('V2')
    const real = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => real.close() })
    const failures: Observation[] = []
    const observe = (observation: Observation) =>
      void (observation.kind === 'operationFailed' && failures.push(observation))
    const client = await openClient(real, { limits: unlimited, observe })
    await own.sql('ALTER TABLE sipcalls RENAME TO elsewhere')
    for (let operation = 1; operation <= 2; operation++) {
      const { errors } = await client.answer(`{ viewer { name } ${worst.slice(1)}`)
      // Each field is null with an error of its own.
      expect(errors).toHaveLength(46)
      expect(failures).toHaveLength(operation)
    }
    await addSelector({ version: 'V2', sql: own.sql }, 1)
    const aliases = Array.from(
      { length: 30 },
      (_, n) => `s${n}: selector(name: "${selectorNamed(1)}") { calls(first: ${n}) { nodes { id } } }`,
    )
    const { errors } = await client.answer(`{ ${aliases.join(' ')} }`)
    expect(errors).toHaveLength(30)
    expect(failures).toHaveLength(3)
    expect(failures[2]).toMatchObject({ code: 'UNAVAILABLE', sqlstate: '42P01', fields: 30 })
  })
})
