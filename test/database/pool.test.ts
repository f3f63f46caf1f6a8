import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import type { PoolOptions } from '../../src/database/pool.ts'
import { openPool } from '../../src/database/pool.ts'
import { prepare } from '../../src/database/prepared.ts'
import { DatabaseError } from '../../src/errors/database-error.ts'
import { openClient } from '../support/client.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'

async function failureOf(database: Database, text: string): Promise<DatabaseError> {
  const error: unknown = await database.query(sql.raw(text)).catch((cause: unknown) => cause)
  if (error instanceof DatabaseError) return error
  throw new Error(`It did not fail with a DatabaseError, but gave ${String(error)}.`)
}

function reader(url: string, statementTimeoutMs = 30_000): Database {
  const database = openReader(url, { statementTimeoutMs })
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  return database
}

describe('A connection of the gateway', () => {
  it.each([
    `INSERT INTO public.selectors (selector) VALUES ('x')`,
    'DELETE FROM public.selectors',
    'CREATE TABLE public.mine (a int)',
    `SELECT setval('public.selectors_id_seq', 5)`,
    'DROP TABLE public.sipcalls',
  ])('cannot run %s', async (statement) => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { code } = await failureOf(reader(own.url), statement)
    expect(code).toBe('25006')
  })

  it('reports its application name and has its limits', async () => {
    const own = untilTestEnds(await cloneDatabase('V2', 'SQL_ASCII'))
    const database = reader(own.url, 1234)
    const settings = [
      'application_name',
      'default_transaction_read_only',
      'statement_timeout',
      'TimeZone',
      'client_encoding',
      'DateStyle',
    ]
    const rows = await database.query(
      sql`SELECT current_setting(name) FROM unnest(${sql.param(settings)}::text[]) AS name`,
    )
    expect(rows.flat()).toEqual(['sipis-gateway test', 'on', '1234ms', 'UTC', 'SQL_ASCII', 'ISO, MDY'])
  })

  it('ends a statement on the server at the time limit, as a timeout', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { failure } = await failureOf(reader(own.url, 100), 'SELECT pg_sleep(30)')
    expect(failure).toBe('timeout')
    // The statistics may lag behind the response.
    while ((await active(own.sql)) !== '0');
  })

  it('cancels a statement on the server when its signal is aborted, and remains usable', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const database = openPool({ ...poolOf(own.url), maxConnections: 1 })
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const [[before] = []] = await database.query(sql`SELECT pg_backend_pid()`)
    const leaving = new AbortController()
    const asked = database.query(sql`SELECT pg_sleep(30)`, leaving.signal).catch((error: unknown) => error)
    await untilActive(own.sql)
    leaving.abort()
    expect(await asked).toMatchObject({ failure: 'timeout' })
    expect(await database.query(sql`SELECT pg_backend_pid()`)).toEqual([[before]])
    expect(await active(own.sql)).toBe('0')
    expect(await database.query(sql`SELECT 1`, leaving.signal).catch((error: unknown) => error)).toMatchObject({
      failure: 'timeout',
    })
  })

  it('runs a statement with a new plan if a change of the table has invalidated the old one', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const database = openPool({ ...poolOf(own.url), maxConnections: 1 })
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const planned = prepare(sql`SELECT * FROM public.badge`, { planned: true })
    await own.sql(`INSERT INTO badge VALUES ('x', 1)`)
    expect(await database.query(planned({}))).toEqual([['x', '1']])
    const names = sql`SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'sipis_%'`
    expect(await database.query(names)).toEqual([['1']])
    await own.sql('ALTER TABLE badge ADD COLUMN more text')
    expect(await database.query(planned({}))).toEqual([['x', '1', null]])
  })

  it('whose caller has disconnected is reused by the next statement', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const database = openPool({ ...poolOf(own.url), maxConnections: 1 })
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const busy = database.query(sql`SELECT pg_sleep(0.5)`)
    const leaving = new AbortController()
    const queued = database.query(sql`SELECT pg_sleep(30)`, leaving.signal).catch((error: unknown) => error)
    leaving.abort()
    expect(await queued).toMatchObject({ failure: 'timeout' })
    await busy
    expect(await database.query(sql`SELECT 'next'`)).toEqual([['next']])
  })

  it('that the server closes during a statement is replaced once; then the statement is unavailable', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const database = reader(own.url)
    const killed = failureOf(database, 'SELECT pg_sleep(30)')
    const isDone = killed.then(() => true)
    // The first killed connection may still be listed before the second one exists.
    do await killAll(own.sql, 'active', false)
    while (!(await Promise.race([isDone, sleep(10, false)])))
    expect((await killed).failure).toBe('unavailable')
    expect(await database.query(sql`SELECT 1`)).toEqual([['1']])
  })

  it('that the server closes while it is idle is replaced without an error', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const client = await openClient(reader(own.url))
    await client.ask('{ selectors { totalCount } }')
    await killAll(own.sql, 'idle')
    expect((await client.ask('{ selectors { totalCount } }')).selectors.totalCount).toBe(0)
  })

  it('is awaited only up to the time limit while all are busy', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const database = openPool({
      connection: { connectionString: own.url },
      maxConnections: 1,
      connectTimeoutMs: 200,
      statementTimeoutMs: 10_000,
      applicationName: 'sipis-gateway test',
    })
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const busy = database.query(sql`SELECT pg_sleep(1)`)
    expect((await failureOf(database, 'SELECT 1')).failure).toBe('unavailable')
    await busy
  })

  it('that cannot be established is unavailable, and the message contains no password', async () => {
    const database = reader('postgres://user:canary@127.0.0.1:1/none')
    const { failure, message, code } = await failureOf(database, 'SELECT 1')
    expect(failure).toBe('unavailable')
    expect(code).toBe('ECONNREFUSED')
    expect(message).not.toContain('canary')
  })

  it('reports an invalid value without the value', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { failure, message } = await failureOf(reader(own.url), `SELECT 'canary'::timestamptz`)
    expect(failure).toBe('input')
    expect(message).not.toContain('canary')
  })
})

function poolOf(url: string): PoolOptions {
  return {
    connection: { connectionString: url },
    maxConnections: 4,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    applicationName: 'sipis-gateway test',
  }
}

async function active(run: Sql): Promise<string> {
  const [[count] = []] = await run(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'sipis-gateway test' AND query LIKE '%pg_sleep%' AND state = 'active'`)
  return String(count)
}

async function untilActive(run: Sql): Promise<void> {
  while ((await active(run)) === '0');
}

type Sql = (text: string) => Promise<(string | null)[][]>

/** Ends the gateway's connections in a state. Repeats until there is at least one if `isCertain` is true. */
async function killAll(run: Sql, state: string, isCertain = true): Promise<void> {
  for (;;) {
    const killed = await run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'sipis-gateway test' AND state = '${state}'
      AND (state = 'idle' OR query LIKE '%pg_sleep%')`)
    if (killed.length > 0 || !isCertain) return
  }
}
