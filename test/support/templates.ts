import pg from 'pg'
import { migrateServer } from '../../src/sipis/migrations.ts'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'

export type Encoding = 'UTF8' | 'SQL_ASCII' | 'LATIN1'

export const templates: readonly { readonly version: SchemaVersion; readonly encoding: Encoding }[] =
  schemaVersions.flatMap((version) => [
    { version, encoding: 'UTF8' },
    { version, encoding: 'SQL_ASCII' },
  ])

export function templateName(run: string, version: SchemaVersion, encoding: Encoding): string {
  return `gateway_${run}_${version}_${encoding}`.toLowerCase()
}

/** One migrated database for each kind, cloned by test files. */
export async function createTemplates(serverUrl: string, run: string): Promise<void> {
  for (const { version, encoding } of templates) {
    const name = templateName(run, version, encoding)
    await asAdmin(serverUrl, (admin) => createDatabase(admin, name, encoding))
    const client = new pg.Client(urlOf(serverUrl, name))
    await client.connect()
    await migrateServer(client, version)
    await client.end()
  }
}

export async function dropDatabases(serverUrl: string, run: string): Promise<void> {
  await asAdmin(serverUrl, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [`gateway_${run}_`],
    )
    for (const { datname } of rows) await admin.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`)
  })
}

export async function createDatabase(admin: pg.Client, name: string, encoding: Encoding): Promise<void> {
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`)
}

/** Copies a database that has no connection. */
export async function copyDatabase(admin: pg.Client, name: string, template: string): Promise<void> {
  // In half the time that the default takes, which writes every page to the log.
  const { rows } = await admin.query<{ is15: boolean }>(
    `SELECT current_setting('server_version_num')::int >= 150000 AS is15`,
  )
  await admin.query(
    `CREATE DATABASE ${name} TEMPLATE ${template} ${rows[0]?.is15 === true ? 'STRATEGY file_copy' : ''}`,
  )
}

export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

export function asAdmin<T>(serverUrl: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  return withClient(urlOf(serverUrl, 'postgres'), work)
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
