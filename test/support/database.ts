import { randomBytes } from 'node:crypto'
import type { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { asText, openEmbedded, startEmbedded } from '../../src/database/embedded.ts'
import type { PoolOptions } from '../../src/database/pool.ts'
import { openPool } from '../../src/database/pool.ts'
import { readSnapshot } from '../../src/database/snapshot.ts'
import { emptyTables, migrateServer } from '../../src/sipis/migrations.ts'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import type { Encoding } from './templates.ts'
import { asAdmin, copyDatabase, createDatabase, templateName, templates, urlOf } from './templates.ts'

/** A temporary database on the test server. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  /** Runs statements as a superuser, independent of the gateway. Returns values as text. */
  sql(text: string, values?: readonly unknown[]): Promise<(string | null)[][]>
}

/** A copy of a migrated, empty database. */
export function cloneDatabase(version: SchemaVersion, encoding: Encoding = 'UTF8'): Promise<TestDatabase> {
  return newDatabase((admin, name) => copyDatabase(admin, name, templateName(inject('run'), version, encoding)))
}

/** A database without tables. */
export function emptyDatabase(encoding: Encoding = 'UTF8'): Promise<TestDatabase> {
  return newDatabase((admin, name) => createDatabase(admin, name, encoding))
}

function newDatabase(create: (admin: pg.Client, name: string) => Promise<unknown>): Promise<TestDatabase> {
  return databaseOn(inject('serverUrl'), create)
}

/** A database on any server. */
async function databaseOn(
  serverUrl: string,
  create: (admin: pg.Client, name: string) => Promise<unknown>,
): Promise<TestDatabase> {
  const name = `gateway_${inject('run')}_${randomBytes(6).toString('hex')}`
  await asAdmin(serverUrl, (admin) => create(admin, name))
  const url = urlOf(serverUrl, name)
  const client = new pg.Client({
    connectionString: url,
    application_name: 'sipis-gateway test helper',
    types: { getTypeParser: () => (value: string) => value },
  })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(`SET TimeZone = 'UTC'`)
  return {
    url,
    async sql(text, values = []) {
      const { rows } = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })
      return rows
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await asAdmin(serverUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    },
  }
}

/** A database with the empty tables of a version, on any server. */
export async function databaseWithTables(
  serverUrl: string,
  version: SchemaVersion,
  encoding: Encoding = 'UTF8',
): Promise<TestDatabase> {
  const database = await databaseOn(serverUrl, (admin, name) => createDatabase(admin, name, encoding))
  const client = new pg.Client(database.url)
  await client.connect()
  await migrateServer(client, version)
  await client.end()
  return database
}

export function openReader(url: string, options: Partial<PoolOptions> = {}): Database {
  return openPool({
    connection: { connectionString: url },
    maxConnections: 4,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    applicationName: 'sipis-gateway test',
    ...options,
  })
}

/** A kind of database. Readers must return the same results on all kinds. */
export interface Backend {
  readonly name: string
  readonly version: SchemaVersion
  open(): Promise<Opened>
}

export interface Opened extends AsyncDisposable {
  readonly version: SchemaVersion
  /** The database as the gateway opens it, read-only. */
  readonly database: Database
  /** Reads and writes outside of the gateway. */
  sql(text: string, values?: readonly unknown[]): Promise<(string | null)[][]>
}

const server: Backend[] = templates.map(({ version, encoding }) => ({
  name: `PostgreSQL, ${version}, ${encoding}`,
  version,
  async open() {
    const own = await cloneDatabase(version, encoding)
    const database = openReader(own.url)
    return {
      version,
      database,
      sql: own.sql,
      async [Symbol.asyncDispose]() {
        await database.close()
        await own[Symbol.asyncDispose]()
      },
    }
  },
}))

/** Unpacked once for each worker, because that takes a third of a start. */
const snapshots = new Map<SchemaVersion, Blob | undefined>()

function startEmpty(version: SchemaVersion): Promise<PGlite> {
  const tables = emptyTables(version)
  const files = snapshots.get(version) ?? readSnapshot(tables)
  snapshots.set(version, files)
  return startEmbedded(tables, files)
}

const embedded: Backend[] = schemaVersions.map((version) => ({
  name: `PGlite, ${version}`,
  version,
  async open() {
    const own = await startEmpty(version)
    const database = await openEmbedded(own)
    return {
      version,
      database,
      sql: (text, values = []) => writeEmbedded(own, text, values),
      [Symbol.asyncDispose]: () => database.close(),
    }
  },
}))

/** Every test of readers runs on all of them. */
export const backends: readonly Backend[] = [...server, ...embedded]

/** The embedded database has one session, which the gateway has made read-only and pinned to pg_catalog. */
async function writeEmbedded(own: PGlite, text: string, values: readonly unknown[]): Promise<(string | null)[][]> {
  await own.exec('SET default_transaction_read_only = off; SET search_path = public')
  try {
    const { rows } = await own.query<(string | null)[]>(text, [...values], { rowMode: 'array', parsers: asText })
    return rows
  } finally {
    await own.exec('SET default_transaction_read_only = on; SET search_path = pg_catalog, pg_temp')
  }
}

/** Closes a resource when the current test ends, also on failure. */
export function untilTestEnds<T extends AsyncDisposable>(resource: T): T {
  onTestFinished(() => resource[Symbol.asyncDispose]())
  return resource
}
