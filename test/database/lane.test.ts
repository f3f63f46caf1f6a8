import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import pg from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { cancelStatement } from '../../src/database/cancel.ts'
import type { Database } from '../../src/database/database.ts'
import type { LaneLimits } from '../../src/database/lane.ts'
import { openLane } from '../../src/database/lane.ts'
import { openPool } from '../../src/database/pool.ts'
import { prepare } from '../../src/database/prepared.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { until } from '../support/until.ts'

const application = 'sipis-gateway lane test'

/** Returns its value. Slow if the table is locked or the number of seconds is large. */
const echo = prepare(sql`SELECT ${sql.placeholder('what')}::text`, { lane: 'values' })
const sleep = prepare(sql`SELECT pg_sleep(${sql.placeholder('seconds')})`, { lane: 'values' })
/** Returns how often it has run so far, after a delay. */
const counted = prepare(
  sql`SELECT n FROM (SELECT nextval('runs') AS n OFFSET 0) AS run, pg_sleep(${sql.placeholder('seconds')})`,
  { lane: 'values' },
)
const inCalls = prepare(sql`SELECT count(*) FROM public.sipcalls WHERE selector = ${sql.placeholder('selector')}`, {
  lane: 'calls',
})

describe('A lane', () => {
  let own: TestDatabase

  beforeEach(async () => {
    own = untilTestEnds(await cloneDatabase('V2'))
  })

  const open = (lookUps: Partial<LaneLimits> = {}, maxConnections = 1): Database => {
    const database = openPool({
      connection: { connectionString: own.url },
      maxConnections,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 30_000,
      applicationName: application,
      lookUps,
    })
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    return database
  }
  const failure = (work: Promise<unknown>) => work.then(String, (error: unknown) => error)
  const backends = async () =>
    (await own.sql(`SELECT pid FROM pg_stat_activity WHERE application_name = '${application}'`)).flat()
  const whileRunning = async (query: string) => {
    const running = `SELECT 1 FROM pg_stat_activity WHERE application_name = '${application}' AND state = 'active' AND query LIKE $1`
    while ((await own.sql(running, [`%${query}%`])).length === 0);
  }

  it('is one read-only connection for any number of concurrent look-ups', async () => {
    const database = open()
    const asked = Array.from({ length: 50 }, (_, n) => database.query(echo({ what: String(n) })))
    expect((await Promise.all(asked)).flat(2)).toEqual(Array.from({ length: 50 }, (_, n) => String(n)))
    expect(await backends()).toHaveLength(1)
    const setting = prepare(sql`SELECT current_setting(${sql.placeholder('name')})`, { lane: 'values' })
    const settings = ['default_transaction_read_only', 'statement_timeout', 'plan_cache_mode', 'TimeZone']
    const found = await Promise.all(settings.map((name) => database.query(setting({ name }))))
    expect(found.flat(2)).toEqual(['on', '2s', 'force_generic_plan', 'UTC'])
  })

  it('is not delayed by scans that use every connection of the pool', async () => {
    const database = open()
    const leaving = new AbortController()
    const scan = database.query(
      sql`SELECT pg_sleep(60) FROM public.selectors RIGHT JOIN (VALUES (1)) v ON true`,
      leaving.signal,
    )
    const ended = failure(scan)
    await whileRunning('RIGHT JOIN')
    expect(await Promise.race([ended, database.query(echo({ what: 'here' }))])).toEqual([['here']])
    leaving.abort()
    await ended
  })

  it('is not delayed by a lock on the table of another lane', async () => {
    const database = open({ timeoutMs: 1_000 })
    await database.query(inCalls({ selector: 'x' }))
    await database.query(echo({ what: '' }))
    await own.sql('BEGIN')
    await own.sql('LOCK TABLE sipcalls IN ACCESS EXCLUSIVE MODE')
    const blocked = Array.from({ length: 5 }, () => failure(database.query(inCalls({ selector: 'x' }))))
    expect(await Promise.race([Promise.all(blocked), database.query(echo({ what: 'here' }))])).toEqual([['here']])
    for (const one of await Promise.all(blocked)) expect(one).toMatchObject({ failure: 'slow' })
    await own.sql('ROLLBACK')
    expect(await database.query(inCalls({ selector: 'x' }))).toEqual([['0']])
  })

  it('fails a look-up at the time limit, and still works afterwards', async () => {
    const database = open({ timeoutMs: 200 })
    expect(await failure(database.query(sleep({ seconds: 30 })))).toMatchObject({ failure: 'slow' })
    expect(await database.query(echo({ what: 'next' }))).toEqual([['next']])
  })

  it('rejects at once when the signal is aborted, cancels the statement, and does not affect those behind it', async () => {
    const database = open({ timeoutMs: 20_000 })
    const leaving = new AbortController()
    const left = failure(database.query(sleep({ seconds: 60 }), leaving.signal))
    const behind = database.query(echo({ what: 'behind' }))
    await whileRunning('pg_sleep')
    leaving.abort()
    expect(await left).toMatchObject({ failure: 'timeout', code: 'CANCELLED' })
    expect(await behind).toEqual([['behind']])
    expect(await failure(database.query(echo({ what: '' }), leaving.signal))).toMatchObject({ failure: 'timeout' })
  })

  it('returns the right results to the remaining callers while many others disconnect', async () => {
    const database = open({ timeoutMs: 20_000 })
    const asked = Array.from({ length: 300 }, (_, n) => {
      const leaving = new AbortController()
      const stays = n % 3 === 0
      const statement = stays ? echo({ what: String(n) }) : sleep({ seconds: 0.02 })
      const answer = failure(database.query(statement, leaving.signal))
      if (!stays) setTimeout(() => leaving.abort(), n)
      return stays ? answer.then((said) => expect(said).toBe(String(n))) : answer
    })
    await Promise.all(asked)
  })

  it('sends pending statements again on a new connection when the server closes the connection', async () => {
    const database = open()
    const asked = [sleep({ seconds: 0.5 }), echo({ what: 'behind' })].map((one) => database.query(one))
    await whileRunning('pg_sleep')
    await killAll()
    expect(await Promise.all(asked)).toEqual([[['']], [['behind']]])
  })

  it('retries a statement only once', async () => {
    const database = open()
    const lost = failure(database.query(sleep({ seconds: 1.5 })))
    await whileRunning('pg_sleep')
    const [first = null] = await backends()
    await killAll()
    while ((await backends()).includes(first));
    await whileRunning('pg_sleep')
    await killAll()
    expect(await lost).toMatchObject({ failure: 'unavailable' })
    expect(await database.query(echo({ what: 'again' }))).toEqual([['again']])
  })

  it('replaces a connection that the server closed while it was idle, without an error', async () => {
    const database = open()
    await database.query(echo({ what: 'first' }))
    await killAll()
    expect(await database.query(echo({ what: 'again' }))).toEqual([['again']])
  })

  it('never has more pending statements than the limit, and rejects those that exceed its queue', async () => {
    const database = open({ maxInFlight: 2, maxWaiting: 3 })
    const early = Array.from({ length: 5 }, () => failure(database.query(sleep({ seconds: 0.2 }))))
    const refused = await failure(database.query(echo({ what: '' })))
    expect(refused).toMatchObject({ failure: 'unavailable', code: 'BUSY' })
    expect(await Promise.all(early)).toEqual(Array.from({ length: 5 }, () => ''))
    expect(await database.query(echo({ what: 'again' }))).toEqual([['again']])
  })

  it('does not send statements whose callers have disconnected', async () => {
    const database = open({ maxInFlight: 1, maxWaiting: 1 })
    const leaving = new AbortController()
    const first = database.query(sleep({ seconds: 0.3 }))
    const second = failure(database.query(sleep({ seconds: 30 }), leaving.signal))
    leaving.abort()
    await second
    // It would exceed the time limit of a look-up.
    expect(await database.query(echo({ what: 'third' }))).toEqual([['third']])
    await first
  })

  it('prepares a statement once for all values, and none if prepared statements are disabled', async () => {
    const prepared = prepare(sql`SELECT name FROM pg_prepared_statements WHERE name > ${sql.placeholder('than')}`, {
      lane: 'values',
    })
    const count = async (database: Database) => {
      for (let n = 0; n < 20; n++) await database.query(echo({ what: String(n) }))
      return (await database.query(prepared({ than: '' }))).flat()
    }
    const names = await count(open())
    expect(names).toHaveLength(2)
    for (const name of names) expect(name).toMatch(/^sipis_[0-9a-f]{16}$/)
    expect(await count(open({ preparedStatements: false }))).toEqual([])
  })

  it('prepares a bounded number of statements, and still runs the others', async () => {
    const database = open()
    const asked = Array.from({ length: 230 }, (_, n) => prepare(sql.raw(`SELECT '${n}'`), { lane: 'values' })({}))
    const found = await Promise.all(asked.map((statement) => database.query(statement)))
    expect(found.flat(2)).toEqual(asked.map((_, n) => String(n)))
    const [[prepared] = []] = await database.query(
      prepare(sql`SELECT count(*) FROM pg_prepared_statements`, { lane: 'values' })({}),
    )
    expect(prepared).toBe('200')
  })

  it('prepares a statement again if a change of the table has invalidated its plan', async () => {
    const database = open()
    const all = prepare(sql`SELECT * FROM public.badge WHERE selector = ${sql.placeholder('selector')}`, {
      lane: 'values',
    })
    expect(await database.query(all({ selector: '' }))).toEqual([])
    await own.sql('ALTER TABLE badge ADD COLUMN more integer')
    expect(await Promise.all([1, 2, 3].map(() => database.query(all({ selector: '' }))))).toEqual([[], [], []])
  })

  it('reports an invalid value, and still works for the next statement', async () => {
    const database = open()
    const number = prepare(sql`SELECT ${sql.placeholder('number')}::text::integer`, { lane: 'values' })
    const asked = ['1', 'two', '3'].map((value) => failure(database.query(number({ number: value }))))
    expect(await Promise.all(asked)).toEqual(['1', expect.objectContaining({ failure: 'input' }), '3'])
    expect(await backends()).toHaveLength(1)
  })

  it('returns to each statement of a batch its own result, whichever of them fail', async () => {
    const database = open()
    const number = prepare(sql`SELECT ${sql.placeholder('number')}::text::integer`, { lane: 'values' })
    const failing = prepare(sql`SELECT * FROM nowhere WHERE x = ${sql.placeholder('x')}`, { lane: 'values' })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('good', 'bad value', 'bad statement'), { maxLength: 30 }),
        async (kinds) => {
          const asked = kinds.map((kind, n) => {
            if (kind === 'bad statement') return failure(database.query(failing({ x: n })))
            return failure(database.query(number({ number: kind === 'good' ? n : 'x' })))
          })
          const expected = kinds.map((kind, n) => {
            if (kind === 'good') return String(n)
            return expect.objectContaining({ failure: kind === 'bad value' ? 'input' : 'unreadable' })
          })
          expect(await Promise.all(asked)).toEqual(expected)
        },
      ),
    )
    expect(await backends()).toHaveLength(1)
  })

  it('cancels an abandoned statement when it runs, and no other statement before it', async () => {
    const { lane, cancels } = await openWatchedLane()
    const first = lane.run(sleep({ seconds: 0.5 }), undefined)
    const leaving = new AbortController()
    await whileRunning('pg_sleep')
    const second = failure(lane.run(sleep({ seconds: 60 }), leaving.signal))
    await sent()
    const third = lane.run(echo({ what: 'third' }), undefined)
    await sent()
    leaving.abort()
    expect(await second).toMatchObject({ code: 'CANCELLED' })
    expect(cancels()).toBe(0)
    expect(await first).toEqual([['']])
    expect(await third).toEqual([['third']])
    expect(cancels()).toBe(1)
  })

  it('cancels each abandoned statement, including later ones', async () => {
    const { lane, cancels } = await openWatchedLane()
    for (let time = 1; time <= 3; time++) {
      const leaving = new AbortController()
      const given = failure(lane.run(sleep({ seconds: 60 }), leaving.signal))
      await whileRunning('pg_sleep')
      leaving.abort()
      expect(await given).toMatchObject({ code: 'CANCELLED' })
      expect(await lane.run(echo({ what: 'next' }), undefined)).toEqual([['next']])
      expect(cancels()).toBe(time)
    }
  })

  it('sends a statement again if the late cancel request of another one hits it', async () => {
    const held = Promise.withResolvers<void>()
    const { lane, cancels } = await openWatchedLane(held.promise)
    const leaving = new AbortController()
    const left = failure(lane.run(sleep({ seconds: 0.2 }), leaving.signal))
    await sent()
    const hit = lane.run(counted({ seconds: 0.5 }), undefined)
    await whileRunning('pg_sleep')
    leaving.abort()
    await left
    await whileRunning('nextval')
    held.resolve()
    expect(await hit).toEqual([['2']])
    expect(cancels()).toBe(1)
  })

  it('sends a statement again if a cancel request hits it that was pending when it was sent', async () => {
    const held = Promise.withResolvers<void>()
    const { lane, cancels } = await openWatchedLane(held.promise)
    const leaving = new AbortController()
    const left = failure(lane.run(sleep({ seconds: 0.2 }), leaving.signal))
    await whileRunning('pg_sleep')
    leaving.abort()
    await left
    await until('the cancel is on its way', () => cancels() === 1)
    const hit = lane.run(counted({ seconds: 0.5 }), undefined)
    await whileRunning('nextval')
    held.resolve()
    expect(await hit).toEqual([['2']])
    expect(cancels()).toBe(1)
  })

  it('does not retry a statement that the server has cancelled on its own', async () => {
    const { lane, cancels } = await openWatchedLane()
    const asked = failure(lane.run(sleep({ seconds: 60 }), undefined))
    await whileRunning('pg_sleep')
    await own.sql(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = '${application}' AND query LIKE '%pg_sleep%'`,
    )
    expect(await asked).toMatchObject({ failure: 'slow', code: '57014' })
    expect(cancels()).toBe(0)
  })

  /** Waits until the statements so far are sent, so that later ones are not in the same batch. */
  const sent = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

  /** Opens a lane that can write, so that a sequence counts the executions. Cancel requests wait for `letGo`. */
  async function openWatchedLane(letGo: Promise<void> = Promise.resolve()) {
    await own.sql('CREATE SEQUENCE runs')
    let cancels = 0
    const lane = openLane(
      {
        async connect() {
          const client = new pg.Client({
            connectionString: own.url,
            application_name: application,
            pipeline: true,
            // As in the lanes of a pool. A cancel request between two statements hits neither.
            statement_timeout: 5_000,
          })
          client.on('error', () => undefined)
          await client.connect()
          return { client, prologue: undefined }
        },
        async cancel(client) {
          cancels++
          await letGo
          return cancelStatement(client, false)
        },
        onSilent: () => undefined,
        onLost: () => undefined,
        onSent: () => undefined,
        onResent: () => undefined,
      },
      { timeoutMs: 20_000, maxInFlight: 32, maxWaiting: 100, preparedStatements: true },
    )
    untilTestEnds({ [Symbol.asyncDispose]: () => lane.close() })
    return { lane, cancels: () => cancels }
  }

  async function killAll(): Promise<void> {
    await own.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${application}'`)
  }
})
