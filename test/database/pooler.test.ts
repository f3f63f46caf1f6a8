import { sql } from 'drizzle-orm'
import pg from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { prepare } from '../../src/database/prepared.ts'
import { openWriter } from '../../src/tools/writer.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { findProgram, startPgBouncer } from '../support/programs.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

const pgbouncer = findProgram('pgbouncer')
const setting = prepare(sql`SELECT current_setting(${sql.placeholder('name')})`, { lane: 'one' })
const slept = prepare(sql`SELECT pg_sleep(${sql.placeholder('seconds')})`, { lane: 'one' })
const names = ['transaction_read_only', 'statement_timeout', 'search_path', 'TimeZone', 'jit', 'client_encoding']

describe.skipIf(pgbouncer === undefined).each(['transaction', 'session'] as const)(
  'Behind PgBouncer in %s mode',
  (mode) => {
    let own: TestDatabase
    let url: string

    beforeEach(async () => {
      own = untilTestEnds(await cloneDatabase('V1', 'SQL_ASCII'))
      url = untilTestEnds(await startPgBouncer(pgbouncer ?? '', own.url, mode)).url
    })
    const open = () => {
      const database = openReader(url, { maxConnections: 2, statementTimeoutMs: 5_000, lookUps: { timeoutMs: 2_000 } })
      untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
      return database
    }
    /** Another client of the same pooler. */
    const another = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
      const client = new pg.Client(url)
      await client.connect()
      try {
        return await work(client)
      } finally {
        await client.end()
      }
    }
    const shown = async (client: pg.Client) => {
      const { rows } = await client.query(`SELECT ${names.map((name) => `current_setting('${name}') AS "${name}"`)}`)
      return rows
    }

    it('every statement is read-only, has time limits and a pinned search_path', async () => {
      const database = open()
      const found = await Promise.all(names.map((name) => database.query(setting({ name }))))
      expect(found.flat(2)).toEqual(['on', '2s', 'pg_catalog, pg_temp', 'UTC', 'off', 'SQL_ASCII'])
      await expect(database.query(sql`CREATE TABLE public.made (n int)`)).rejects.toMatchObject({ code: '25006' })
      await expect(database.query(slept({ seconds: 30 }))).rejects.toMatchObject({ failure: 'slow' })
    })

    it('other clients of the pooler are not affected', async () => {
      const before = await another(shown)
      const database = open()
      await Promise.all(Array.from({ length: 50 }, () => database.query(setting({ name: 'jit' }))))
      await database.query(sql`SELECT 1`)
      await another(async (client) => {
        for (let n = 0; n < 5; n++) expect(await shown(client)).toEqual(before)
        await client.query('CREATE TABLE public.theirs (n int)')
      })
    })

    it('responses are the same as without the pooler', async () => {
      await addSelector({ version: 'V1', sql: own.sql }, 1)
      await addRow({ version: 'V1', sql: own.sql }, 'sipcalls', 1, { time: '2026-11-26 01:02:03' })
      const query = `{ selector(name: "${selectorNamed(1)}") { lastSeen calls { totalCount nodes { id time } } tokens { totalCount } } selectors { nodes { id } } }`
      const direct = openReader(own.url)
      untilTestEnds({ [Symbol.asyncDispose]: () => direct.close() })
      const expected = await (await openClient(direct)).answer(query)
      const client = await openClient(open())
      const answers = await Promise.all(Array.from({ length: 20 }, () => client.answer(query)))
      for (const answer of answers) expect(answer).toEqual(expected)
      expect(expected).not.toHaveProperty('errors')
    })

    it('settings still apply after server connections are replaced', async () => {
      const database = open()
      for (let n = 0; n < 5; n++) {
        await own.sql(
          'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        )
        expect(await database.query(setting({ name: 'transaction_read_only' }))).toEqual([['on']])
      }
    })

    it('a command that writes fails, with the advice to connect to PostgreSQL directly', async () => {
      await expect(openWriter({ connectionString: url }, 'writer')).rejects.toThrow(/Connect to PostgreSQL itself/)
    })
  },
)
