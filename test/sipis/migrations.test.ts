import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isTable } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { getTableConfig } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrateServer } from '../../src/sipis/migrations.ts'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import * as v1 from '../../src/sipis/v1/tables.ts'
import * as v2 from '../../src/sipis/v2/tables.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'

const run = promisify(execFile)

const modules: Readonly<Record<SchemaVersion, object>> = { V1: v1, V2: v2 }
const versions = schemaVersions.map((version) => ({
  version,
  folder: `drizzle/${version.toLowerCase()}`,
  tables: Object.values(modules[version]).filter((table) => isTable(table)) as PgTable[],
}))

describe.each(versions)('The migrations of $version', ({ version, folder, tables }) => {
  it('are exactly what drizzle-kit generates from the tables', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'sipis-gateway-drizzle-'))
    onTestFinished(() => rm(copy, { recursive: true }))
    await cp(folder, copy, { recursive: true })
    const schema = `./src/sipis/${version.toLowerCase()}/tables.ts`
    const { stdout } = await run('node_modules/.bin/drizzle-kit', [
      'generate',
      '--dialect=postgresql',
      `--schema=${schema}`,
      // drizzle-kit resolves even an absolute path relative to the working directory.
      `--out=../../..${copy}`.replace('../../..', `.${'/..'.repeat(process.cwd().split('/').length - 1)}`),
      '--name=nothing',
    ])
    expect(stdout).toContain('No schema changes')
    expect((await readdir(copy)).sort()).toEqual((await readdir(folder)).sort())
  })

  it('have descriptive names, and refer to no database schema', async () => {
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.sql'))) {
      // Generated names of drizzle-kit contain an underscore: 0001_tired_hulk.sql.
      expect(file).toMatch(/^\d{4}_[a-z]+(-[a-z]+)*\.sql$/)
      expect(await readFile(join(folder, file), 'utf8')).not.toContain('"public"')
    }
  })

  it('create every column of the tables, with its type, nullability and default', async () => {
    const database = untilTestEnds(await cloneDatabase(version))
    const found = await columns(database)
    const wanted = tables.flatMap((table) => {
      const { name, columns: own } = getTableConfig(table)
      return own.map((column) => [
        `${name}.${column.name}`,
        sqlTypes[column.getSQLType()] ?? column.getSQLType().replace('varchar', 'character varying'),
        column.notNull,
        column.hasDefault,
      ])
    })
    expect(found).toEqual(wanted.sort(byName))
  })

  it('create every index and every unique constraint of the tables, and no others', async () => {
    const database = untilTestEnds(await cloneDatabase(version))
    const found = await database.sql(`SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`)
    const wanted = tables.flatMap((table) => {
      const { name, indexes, uniqueConstraints, columns: own } = getTableConfig(table)
      return [
        ...indexes.map(({ config }) => config.name),
        ...uniqueConstraints.map((constraint) => constraint.name),
        ...(own.some(({ primary }) => primary) ? [`${name}_pkey`] : []),
      ]
    })
    expect(found.flat()).toEqual(wanted.sort())
  })

  it('change nothing when they run again', async () => {
    const database = untilTestEnds(await cloneDatabase(version))
    const before = await catalogue(database)
    const client = new pg.Client(database.url)
    await client.connect()
    await migrateServer(client, version)
    await client.end()
    expect(await catalogue(database)).toEqual(before)
  })
})

describe('A v1 database that init created', () => {
  it('turns the insert of an existing token into an update of lastseen, and sets lastseen even on the first insert', async () => {
    const database = untilTestEnds(await cloneDatabase('V1'))
    await database.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    const insert = `INSERT INTO tokens (id, token, appid) VALUES (1, 't', 'app')`
    await database.sql(insert)
    const first = await database.sql('SELECT rowid, lastseen FROM tokens')
    await database.sql(insert)
    const second = await database.sql('SELECT rowid, lastseen FROM tokens')
    expect(first[0]?.[1]).not.toBeNull()
    expect(second).toHaveLength(1)
    expect(second[0]?.[0]).toBe(first[0]?.[0])
    expect(String(second[0]?.[1]) > String(first[0]?.[1])).toBe(true)
  })

  it('drops a new longvalue and server of an existing restart entry, like SIPIS', async () => {
    const database = untilTestEnds(await cloneDatabase('V1'))
    await database.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    const insert = (value: string) =>
      database.sql(
        `INSERT INTO restart (id, name, value, longvalue, server) VALUES (1, 'n', '${value}', 'long ${value}', 'on ${value}')`,
      )
    await insert('one')
    await insert('two')
    expect(await database.sql('SELECT value, longvalue, server FROM restart')).toEqual([['two', 'long one', 'on one']])
  })

  it('keeps one row for each remote agent', async () => {
    const database = untilTestEnds(await cloneDatabase('V1'))
    await database.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    await database.sql(`INSERT INTO remoteagents VALUES (1, 'n', 't', '2020-01-01')`)
    await database.sql(`INSERT INTO remoteagents VALUES (1, 'n', 't', '2020-01-01')`)
    expect(await database.sql(`SELECT count(*), min(lastseen) > '2021-01-01' FROM remoteagents`)).toEqual([['1', 't']])
  })

  it('deletes the rows of a deleted selector, but not its push tests', async () => {
    const database = untilTestEnds(await cloneDatabase('V1'))
    await database.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    await database.sql(`INSERT INTO tokens (id, token, appid) VALUES (1, 't', 'app')`)
    await database.sql('INSERT INTO sipcalls (id, time) VALUES (1, now())')
    await database.sql('INSERT INTO siptextmessages (id, time) VALUES (1, now())')
    await database.sql(`INSERT INTO data (id, name) VALUES (1, 'n')`)
    await database.sql(`INSERT INTO restart (id, name) VALUES (1, 'n')`)
    await database.sql(`INSERT INTO pushtests VALUES (1, 'p', 'iOS', now())`)
    await database.sql('DELETE FROM selectors')
    const counts = ['tokens', 'sipcalls', 'siptextmessages', 'data', 'restart', 'pushtests']
      .map((table) => `(SELECT count(*) FROM ${table})`)
      .join(', ')
    expect(await database.sql(`SELECT ${counts}`)).toEqual([['0', '0', '0', '0', '0', '1']])
  })
})

const sqlTypes: Readonly<Record<string, string>> = {
  serial: 'integer',
  bigserial: 'bigint',
  timestamp: 'timestamp without time zone',
}

function byName(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1
}

async function columns({ sql }: TestDatabase): Promise<unknown[][]> {
  const found =
    await sql(`SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`)
  return found
    .map(([name, type, notNull, hasDefault]) => [name, type, notNull === 't', hasDefault === 't'])
    .sort(byName)
}

/** Everything that a migration can change. */
async function catalogue(database: TestDatabase): Promise<unknown> {
  return [
    await columns(database),
    await database.sql(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`),
    await database.sql(
      `SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0 ORDER BY 1, 2`,
    ),
    await database.sql(`SELECT tablename, definition FROM pg_rules WHERE schemaname = 'public' ORDER BY 1, 2`),
    await database.sql(`SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`),
    await database.sql('SELECT * FROM sipis_gateway.__drizzle_migrations ORDER BY 1'),
  ]
}
