import { sql } from 'drizzle-orm'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cancelStatement } from '../../src/database/cancel.ts'
import { Client } from '../../src/database/client.ts'
import { render } from '../../src/database/database.ts'
import { openPool } from '../../src/database/pool.ts'
import { prepare } from '../../src/database/prepared.ts'
import { searchedSchemas } from '../../src/database/search-path.ts'
import { prepareSession, readingSettings } from '../../src/database/session.ts'
import { DatabaseError } from '../../src/errors/database-error.ts'
import { advanceSequences } from '../../src/tools/sequences.ts'
import { openWriter } from '../../src/tools/writer.ts'
import type { TestDatabase } from '../support/database.ts'
import { emptyDatabase, untilTestEnds } from '../support/database.ts'
import { until } from '../support/until.ts'

describe('A session', () => {
  let own: TestDatabase
  beforeAll(async () => {
    own = await emptyDatabase()
  })
  afterAll(() => own[Symbol.asyncDispose]())

  const connect = async () => {
    const client = new Client({ connectionString: own.url })
    await client.connect()
    untilTestEnds({ [Symbol.asyncDispose]: () => client.end() })
    return client
  }
  const settingsOf = async (client: pg.ClientBase, names: readonly string[]) => {
    const { rows } = await client.query({
      text: 'SELECT current_setting(name) FROM unnest($1::text[]) AS name',
      values: [names],
      rowMode: 'array',
    })
    return rows.flat()
  }

  it('that reads is read-only, has time limits, and searches only pg_catalog', async () => {
    const client = await connect()
    await prepareSession(client, readingSettings(1234))
    const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
    expect(await settingsOf(client, limits)).toEqual(['1234ms', '1234ms', '1234ms'])
    const others = ['default_transaction_read_only', 'jit', 'TimeZone', 'DateStyle', 'client_encoding', 'search_path']
    expect(await settingsOf(client, others)).toEqual(['on', 'off', 'UTC', 'ISO, MDY', 'UTF8', 'pg_catalog, pg_temp'])
    // A scan uses one process of the server.
    expect(await settingsOf(client, ['max_parallel_workers_per_gather'])).toEqual(['0'])
  })

  it('keeps the schemas that it searched before', async () => {
    const client = await connect()
    const searched = async () =>
      (await client.query(`SELECT ${render(searchedSchemas).text}::text AS found`)).rows[0].found
    expect(await searched()).toBe('{public}')
    await client.query('CREATE SCHEMA more; SET search_path TO more, public')
    await prepareSession(client, readingSettings(1_000))
    await prepareSession(client, readingSettings(1_000))
    expect(await searched()).toBe('{more,public}')
  })

  it('does not end the process when the server closes it while it is idle', async () => {
    const client = await connect()
    await prepareSession(client, readingSettings(1_000))
    const ended = new Promise((resolve) => client.once('end', resolve))
    await own.sql(`SELECT pg_terminate_backend(${client.processID})`)
    await ended
  })

  it('that writes has its application name, and searches only pg_catalog', async () => {
    {
      await using writer = await openWriter({ connectionString: own.url }, 'a writer')
      const names = ['application_name', 'search_path', 'default_transaction_read_only']
      expect(await settingsOf(writer.client, names)).toEqual(['a writer', 'pg_catalog, pg_temp', 'off'])
    }
    await until('it has ended', async () => {
      return (await own.sql(`SELECT FROM pg_stat_activity WHERE application_name = 'a writer'`)).length === 0
    })
    const refused = openWriter({ connectionString: 'postgres://u@127.0.0.1:1/d' }, 'a writer')
    await expect(refused).rejects.toThrow(DatabaseError)
  })

  it('that writes does not end the process when the server closes it', async () => {
    const writer = untilTestEnds(await openWriter({ connectionString: own.url }, 'a writer'))
    const ended = new Promise((resolve) => writer.client.once('end', resolve))
    await own.sql(`SELECT pg_terminate_backend(${writer.client.processID})`)
    await ended
  })

  it('remains usable after its statement is cancelled', async () => {
    const client = await connect()
    const failed = client.query('SELECT pg_sleep(60)').catch(({ code }: { code: string }) => code)
    const isActive = `SELECT FROM pg_stat_activity WHERE pid = ${client.processID} AND state = 'active'`
    await until('it runs', async () => (await own.sql(isActive)).length > 0)
    await cancelStatement(client, false)
    expect(await failed).toBe('57014')
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('that has never been connected has no statement to cancel', async () => {
    await cancelStatement(new pg.Client(), false)
  })
})

describe('A look-up', () => {
  it('times out after 2 seconds, or after the statement timeout of the pool if that is shorter', async () => {
    await using own = await emptyDatabase()
    const slept = prepare(sql`SELECT pg_sleep(30)`, { lane: 'slept' })
    for (const [statementTimeoutMs, message] of [
      [30_000, 'no answer came within 2000 ms'],
      [50, expect.stringMatching(/^(no answer came within 50 ms|canceling statement due to statement timeout)$/)],
    ] as const) {
      const pool = openPool({
        connection: { connectionString: own.url },
        maxConnections: 1,
        connectTimeoutMs: 10_000,
        statementTimeoutMs,
        applicationName: 'look-up',
      })
      untilTestEnds({ [Symbol.asyncDispose]: () => pool.close() })
      await expect(pool.query(slept({}))).rejects.toMatchObject({ failure: 'slow', message })
    }
  })
})

describe('Sequences', () => {
  it('are advanced past the largest value, whether or not the column owns them', async () => {
    await using own = await emptyDatabase()
    await own.sql(`CREATE SEQUENCE loose; CREATE TABLE owned (rowid serial, id integer);
      CREATE TABLE loosely (id bigint DEFAULT nextval('loose'));
      CREATE TABLE identified (id integer GENERATED BY DEFAULT AS IDENTITY);
      CREATE TABLE dropped (id serial, rowid serial); CREATE TABLE empty (id serial);
      ALTER TABLE dropped DROP COLUMN id;
      INSERT INTO owned VALUES (7); INSERT INTO loosely VALUES (8); INSERT INTO identified VALUES (9); INSERT INTO dropped VALUES (10)`)
    await advanceSequences(
      (text, values) => own.sql(text, values),
      ['owned', 'loosely', 'identified', 'dropped', 'empty', 'nowhere'],
    )
    const next = await own.sql(`SELECT nextval('owned_rowid_seq'), nextval('loose'), nextval('identified_id_seq'),
      nextval('dropped_rowid_seq'), nextval('empty_id_seq')`)
    expect(next).toEqual([['8', '9', '10', '11', '1']])
  })
})
