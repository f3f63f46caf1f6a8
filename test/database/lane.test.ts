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

/** Says what it is given. Where the table is locked or the seconds are many, it takes long. */
const told = prepare(sql`SELECT ${sql.placeholder('what')}::text`, { lane: 'told' })
const slept = prepare(sql`SELECT pg_sleep(${sql.placeholder('seconds')})`, { lane: 'told' })
/** Says for the how manieth time it runs, after a while. */
const counted = prepare(
  sql`SELECT n FROM (SELECT nextval('runs') AS n OFFSET 0) AS run, pg_sleep(${sql.placeholder('seconds')})`,
  { lane: 'told' },
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

  it('is one read-only connection, however many look up at once', async () => {
    const database = open()
    const asked = Array.from({ length: 50 }, (_, n) => database.query(told({ what: String(n) })))
    expect((await Promise.all(asked)).flat(2)).toEqual(Array.from({ length: 50 }, (_, n) => String(n)))
    expect(await backends()).toHaveLength(1)
    const setting = prepare(sql`SELECT current_setting(${sql.placeholder('name')})`, { lane: 'told' })
    const settings = ['default_transaction_read_only', 'statement_timeout', 'plan_cache_mode', 'TimeZone']
    const found = await Promise.all(settings.map((name) => database.query(setting({ name }))))
    expect(found.flat(2)).toEqual(['on', '2s', 'force_generic_plan', 'UTC'])
  })

  it('is not held up by a scan that holds every connection of the pool', async () => {
    const database = open()
    const leaving = new AbortController()
    const scan = database.query(
      sql`SELECT pg_sleep(60) FROM public.selectors RIGHT JOIN (VALUES (1)) v ON true`,
      leaving.signal,
    )
    const ended = failure(scan)
    await whileRunning('RIGHT JOIN')
    expect(await Promise.race([ended, database.query(told({ what: 'here' }))])).toEqual([['here']])
    leaving.abort()
    await ended
  })

  it('is not held up by a lock on the table of another lane', async () => {
    const database = open({ timeoutMs: 1_000 })
    await database.query(inCalls({ selector: 'x' }))
    await database.query(told({ what: '' }))
    await own.sql('BEGIN')
    await own.sql('LOCK TABLE sipcalls IN ACCESS EXCLUSIVE MODE')
    const blocked = Array.from({ length: 5 }, () => failure(database.query(inCalls({ selector: 'x' }))))
    expect(await Promise.race([Promise.all(blocked), database.query(told({ what: 'here' }))])).toEqual([['here']])
    for (const one of await Promise.all(blocked)) expect(one).toMatchObject({ failure: 'slow' })
    await own.sql('ROLLBACK')
    expect(await database.query(inCalls({ selector: 'x' }))).toEqual([['0']])
  })

  it('gives a look-up no more time than the limit, and then works on', async () => {
    const database = open({ timeoutMs: 200 })
    expect(await failure(database.query(slept({ seconds: 30 })))).toMatchObject({ failure: 'slow' })
    expect(await database.query(told({ what: 'next' }))).toEqual([['next']])
  })

  it('lets go at once of whoever has gone away, ends what they asked for, and harms nobody behind them', async () => {
    const database = open({ timeoutMs: 20_000 })
    const leaving = new AbortController()
    const left = failure(database.query(slept({ seconds: 60 }), leaving.signal))
    const behind = database.query(told({ what: 'behind' }))
    await whileRunning('pg_sleep')
    leaving.abort()
    expect(await left).toMatchObject({ failure: 'timeout', code: 'CANCELLED' })
    expect(await behind).toEqual([['behind']])
    expect(await failure(database.query(told({ what: '' }), leaving.signal))).toMatchObject({ failure: 'timeout' })
  })

  it('gives everybody who stays the right answer while many leave', async () => {
    const database = open({ timeoutMs: 20_000 })
    const asked = Array.from({ length: 300 }, (_, n) => {
      const leaving = new AbortController()
      const stays = n % 3 === 0
      const statement = stays ? told({ what: String(n) }) : slept({ seconds: 0.02 })
      const answer = failure(database.query(statement, leaving.signal))
      if (!stays) setTimeout(() => leaving.abort(), n)
      return stays ? answer.then((said) => expect(said).toBe(String(n))) : answer
    })
    await Promise.all(asked)
  })

  it('asks again over another connection what was on the way when the server ended its own', async () => {
    const database = open()
    const asked = [slept({ seconds: 0.5 }), told({ what: 'behind' })].map((one) => database.query(one))
    await whileRunning('pg_sleep')
    await killAll()
    expect(await Promise.all(asked)).toEqual([[['']], [['behind']]])
  })

  it('asks again once, not for ever', async () => {
    const database = open()
    const lost = failure(database.query(slept({ seconds: 1.5 })))
    await whileRunning('pg_sleep')
    const [first = null] = await backends()
    await killAll()
    while ((await backends()).includes(first));
    await whileRunning('pg_sleep')
    await killAll()
    expect(await lost).toMatchObject({ failure: 'unavailable' })
    expect(await database.query(told({ what: 'again' }))).toEqual([['again']])
  })

  it('replaces a connection that the server ended while it was idle, without a word', async () => {
    const database = open()
    await database.query(told({ what: 'first' }))
    await killAll()
    expect(await database.query(told({ what: 'again' }))).toEqual([['again']])
  })

  it('never has more statements on the way than the limit, and refuses what does not fit into its queue', async () => {
    const database = open({ maxInFlight: 2, maxWaiting: 3 })
    const early = Array.from({ length: 5 }, () => failure(database.query(slept({ seconds: 0.2 }))))
    const refused = await failure(database.query(told({ what: '' })))
    expect(refused).toMatchObject({ failure: 'unavailable', code: 'BUSY' })
    expect(await Promise.all(early)).toEqual(Array.from({ length: 5 }, () => ''))
    expect(await database.query(told({ what: 'again' }))).toEqual([['again']])
  })

  it('does not send what nobody waits for any more', async () => {
    const database = open({ maxInFlight: 1, maxWaiting: 1 })
    const leaving = new AbortController()
    const first = database.query(slept({ seconds: 0.3 }))
    const second = failure(database.query(slept({ seconds: 30 }), leaving.signal))
    leaving.abort()
    await second
    // It would take longer than a look-up may.
    expect(await database.query(told({ what: 'third' }))).toEqual([['third']])
    await first
  })

  it('prepares a statement once, whatever its values; and none where that is switched off', async () => {
    const prepared = prepare(sql`SELECT name FROM pg_prepared_statements WHERE name > ${sql.placeholder('than')}`, {
      lane: 'told',
    })
    const count = async (database: Database) => {
      for (let n = 0; n < 20; n++) await database.query(told({ what: String(n) }))
      return (await database.query(prepared({ than: '' }))).flat()
    }
    const names = await count(open())
    expect(names).toHaveLength(2)
    for (const name of names) expect(name).toMatch(/^sipis_[0-9a-f]{16}$/)
    expect(await count(open({ preparedStatements: false }))).toEqual([])
  })

  it('prepares a bounded number of statements, and runs the others all the same', async () => {
    const database = open()
    const asked = Array.from({ length: 230 }, (_, n) => prepare(sql.raw(`SELECT '${n}'`), { lane: 'told' })({}))
    const found = await Promise.all(asked.map((statement) => database.query(statement)))
    expect(found.flat(2)).toEqual(asked.map((_, n) => String(n)))
    const [[prepared] = []] = await database.query(
      prepare(sql`SELECT count(*) FROM pg_prepared_statements`, { lane: 'told' })({}),
    )
    expect(prepared).toBe('200')
  })

  it('prepares anew what a change of a table has made useless', async () => {
    const database = open()
    const all = prepare(sql`SELECT * FROM public.badge WHERE selector = ${sql.placeholder('selector')}`, {
      lane: 'told',
    })
    expect(await database.query(all({ selector: '' }))).toEqual([])
    await own.sql('ALTER TABLE badge ADD COLUMN more integer')
    expect(await Promise.all([1, 2, 3].map(() => database.query(all({ selector: '' }))))).toEqual([[], [], []])
  })

  it('says that a value is bad, and is fit for the next one', async () => {
    const database = open()
    const number = prepare(sql`SELECT ${sql.placeholder('number')}::text::integer`, { lane: 'told' })
    const asked = ['1', 'two', '3'].map((value) => failure(database.query(number({ number: value }))))
    expect(await Promise.all(asked)).toEqual(['1', expect.objectContaining({ failure: 'input' }), '3'])
    expect(await backends()).toHaveLength(1)
  })

  it('gives each of those that travel together its own answer, whichever of them fail', async () => {
    const database = open()
    const number = prepare(sql`SELECT ${sql.placeholder('number')}::text::integer`, { lane: 'told' })
    const failing = prepare(sql`SELECT * FROM nowhere WHERE x = ${sql.placeholder('x')}`, { lane: 'told' })
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

  it('cancels a statement that is given up when it is its turn, and no other before it', async () => {
    const { lane, cancels } = await openWatchedLane()
    const first = lane.run(slept({ seconds: 0.5 }), undefined)
    const leaving = new AbortController()
    await whileRunning('pg_sleep')
    const second = failure(lane.run(slept({ seconds: 60 }), leaving.signal))
    await sent()
    const third = lane.run(told({ what: 'third' }), undefined)
    await sent()
    leaving.abort()
    expect(await second).toMatchObject({ code: 'CANCELLED' })
    expect(cancels()).toBe(0)
    expect(await first).toEqual([['']])
    expect(await third).toEqual([['third']])
    expect(cancels()).toBe(1)
  })

  it('cancels each statement that is given up, also after it has cancelled one', async () => {
    const { lane, cancels } = await openWatchedLane()
    for (let time = 1; time <= 3; time++) {
      const leaving = new AbortController()
      const given = failure(lane.run(slept({ seconds: 60 }), leaving.signal))
      await whileRunning('pg_sleep')
      leaving.abort()
      expect(await given).toMatchObject({ code: 'CANCELLED' })
      expect(await lane.run(told({ what: 'next' }), undefined)).toEqual([['next']])
      expect(cancels()).toBe(time)
    }
  })

  it('asks a statement again that a late cancel has hit, and answers it', async () => {
    const held = Promise.withResolvers<void>()
    const { lane, cancels } = await openWatchedLane(held.promise)
    const leaving = new AbortController()
    const left = failure(lane.run(slept({ seconds: 0.2 }), leaving.signal))
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

  it('asks a statement again that a cancel has hit which was on its way when the statement was sent', async () => {
    const held = Promise.withResolvers<void>()
    const { lane, cancels } = await openWatchedLane(held.promise)
    const leaving = new AbortController()
    const left = failure(lane.run(slept({ seconds: 0.2 }), leaving.signal))
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

  it('does not ask again what the server has cancelled by itself', async () => {
    const { lane, cancels } = await openWatchedLane()
    const asked = failure(lane.run(slept({ seconds: 60 }), undefined))
    await whileRunning('pg_sleep')
    await own.sql(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = '${application}' AND query LIKE '%pg_sleep%'`,
    )
    expect(await asked).toMatchObject({ failure: 'slow', code: '57014' })
    expect(cancels()).toBe(0)
  })

  /** Lets what was asked so far leave: what is asked later does not travel with it. */
  const sent = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

  /** A lane that may write, so that a sequence tells how often a statement ran. Its cancels wait until they are let go. */
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
            // As in the lanes of a pool: a cancel that comes between two statements ends neither.
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
