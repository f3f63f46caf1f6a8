import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle as drizzleServer } from 'drizzle-orm/node-postgres'
import { migrate as migrateServerDatabase } from 'drizzle-orm/node-postgres/migrator'
import { drizzle as drizzleEmbedded } from 'drizzle-orm/pglite'
import { migrate as migrateEmbeddedDatabase } from 'drizzle-orm/pglite/migrator'
import type { Client } from 'pg'
import type { Contents } from '../database/snapshot.ts'
import type { SchemaVersion } from './schema-version.ts'
import { schemaVersions } from './schema-version.ts'

/** The schema of the list of applied migrations. It is not that of SIPIS's tables. */
const migrationsSchema = 'sipis_gateway'

const settings = (version: SchemaVersion) => ({
  // The same from src/ and from the built dist/.
  migrationsFolder: fileURLToPath(new URL(`../../drizzle/${version.toLowerCase()}`, import.meta.url)),
  migrationsSchema,
})

export async function migrateServer(client: Client, version: SchemaVersion): Promise<void> {
  await migrateServerDatabase(drizzleServer({ client }), settings(version))
}

/** An embedded database with SIPIS's tables, without a row. */
export function emptyTables(version: SchemaVersion): Contents {
  return {
    name: `empty-${version.toLowerCase()}`,
    inputs: readMigrationFiles(settings(version)).map(({ hash }) => hash),
    base: undefined,
    fill: (server) => migrateEmbeddedDatabase(drizzleEmbedded({ client: server }), settings(version)),
  }
}

/** The version that `init` created; undefined if it did not. Migrations are identified by their time, as in Drizzle. */
export async function appliedVersion(client: Client): Promise<SchemaVersion | undefined> {
  const applied = `${migrationsSchema}.__drizzle_migrations`
  const { rows: found } = await client.query<{ made: boolean }>('SELECT to_regclass($1) IS NOT NULL AS made', [applied])
  if (found[0]?.made !== true) return undefined
  const { rows } = await client.query<{ created_at: string }>(`SELECT created_at FROM ${applied}`)
  const times = new Set(rows.map((row) => Number(row.created_at)))
  return schemaVersions.find((version) =>
    readMigrationFiles(settings(version)).some(({ folderMillis }) => times.has(folderMillis)),
  )
}
