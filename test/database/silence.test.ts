import { sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { prepare } from '../../src/database/prepared.ts'
import type { Observation } from '../../src/telemetry/observation.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import type { FaultProxy } from '../support/fault-proxy.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'

const lookUp = prepare(sql`SELECT ${sql.placeholder('what')}::text`, { lane: 'one' })
const other = prepare(sql`SELECT ${sql.placeholder('what')}::text`, { lane: 'other' })
const list = prepare(sql`SELECT ${sql.placeholder('what')}::text`, { planned: true })

describe('A connection on which the server no longer answers', () => {
  let proxy: FaultProxy
  let database: Database
  let observed: Observation[]

  const open = () => {
    observed = []
    return openReader(proxy.url, {
      maxConnections: 2,
      connectTimeoutMs: 3_000,
      statementTimeoutMs: 1_000,
      applicationName: 'silence',
      lookUps: { timeoutMs: 1_000 },
      observe: (observation) => observed.push(observation),
    })
  }
  const lost = () => observed.flatMap((one) => (one.kind === 'connectionLost' ? [one.lane] : []))
  const ask = (statement: typeof lookUp, what = 'here') =>
    database.query(statement({ what })).then(
      (rows): unknown => rows[0]?.[0],
      ({ failure }): unknown => failure,
    )
  /** Collects what a client sees that repeats its query until the first right result. */
  const untilCorrect = async (statement: typeof lookUp) => {
    const seen = new Set<unknown>()
    for (let n = 0; n < 100; n++) {
      const answer = await ask(statement)
      if (answer === 'here') return [...seen]
      seen.add(answer)
    }
    return expect.unreachable()
  }

  beforeEach(async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    proxy = untilTestEnds(await startFaultProxy(own.url))
    database = open()
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    await Promise.all([ask(lookUp), ask(other), ask(list)])
  })

  it('is destroyed and replaced, and its pending look-ups time out', async () => {
    proxy.silence()
    expect(await untilCorrect(lookUp)).toEqual(['slow'])
    expect(lost()).toContain('one')
  })

  it('causes idle connections to the same server to be replaced as well', async () => {
    proxy.silence()
    await untilCorrect(lookUp)
    expect(await ask(other)).toBe('here')
    expect(await ask(list)).toBe('here')
    expect(lost().sort()).toEqual(['one', 'other', 'pool'])
  })

  it('of the pool is destroyed after the time limit of its statement', async () => {
    proxy.silence()
    expect(await ask(list)).toBe('unavailable')
    expect(await ask(list)).toBe('here')
    expect(await ask(lookUp)).toBe('here')
  })

  it('is replaced once the network is back, although connecting hung before', async () => {
    proxy.silenceAll()
    for (let n = 0; n < 8; n++) expect(await ask(lookUp)).toBe('slow')
    proxy.heal()
    expect(await untilCorrect(lookUp)).toEqual(expect.arrayContaining([]))
    expect(await ask(list)).toMatch(/here|unavailable/)
  })

  it('does not keep the database from closing', async () => {
    proxy.silenceAll()
    const pending = [ask(lookUp), ask(list)]
    await database.close()
    expect(await Promise.all(pending)).not.toContain('here')
    await expect.poll(() => proxy.connections, { timeout: 20_000 }).toBe(0)
  })

  it('is destroyed on bytes that a PostgreSQL server does not send', async () => {
    proxy.inject(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await untilCorrect(lookUp)).not.toContain('unexpected')
    // A message with a large length that does not continue.
    proxy.inject(Buffer.from([0x44, 0x00, 0x0f, 0xff, 0xff]))
    expect(await untilCorrect(lookUp)).not.toContain('unexpected')
  })
})

describe('A server that refuses connections', () => {
  it('is tried a few times a second for any number of callers, and is used as soon as it is back', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const proxy = untilTestEnds(await startFaultProxy(own.url))
    const observed: Observation[] = []
    const database = openReader(proxy.url, {
      connectTimeoutMs: 3_000,
      statementTimeoutMs: 1_000,
      applicationName: 'refused',
      observe: (observation) => observed.push(observation),
    })
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    await database.query(lookUp({ what: 'a' }))
    proxy.refuse()
    const start = performance.now()
    while (performance.now() - start < 1_500) {
      const asked = [lookUp, other, list].map((statement) => database.query(statement({ what: 'b' })))
      const outcomes = await Promise.allSettled(asked)
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    }
    // Without a pause there are hundreds.
    expect(observed.filter(({ kind }) => kind === 'connectionFailed').length).toBeLessThan(40)
    proxy.heal()
    expect(await database.query(list({ what: 'c' }))).toEqual([['c']])
    expect(await database.query(lookUp({ what: 'c' }))).toEqual([['c']])
  })
})
