import { fileURLToPath } from 'node:url'
import type { PGlite } from '@electric-sql/pglite'
import { drizzle as drizzleServer } from 'drizzle-orm/node-postgres'
import { migrate as migrateServerDatabase } from 'drizzle-orm/node-postgres/migrator'
import { drizzle as drizzleEmbedded } from 'drizzle-orm/pglite'
import { migrate as migrateEmbeddedDatabase } from 'drizzle-orm/pglite/migrator'
import type { Client } from 'pg'
import type { SchemaVersion } from './projection.ts'

/** The migrations that were applied are kept in a schema of their own, away from SIPIS's tables. */
export const migrationsSchema = 'sipis_gateway'

const settings = (version: SchemaVersion) => ({
  // The same from src/ and from the built dist/.
  migrationsFolder: fileURLToPath(new URL(`../../drizzle/${version.toLowerCase()}`, import.meta.url)),
  migrationsSchema,
})

export async function migrateServer(client: Client, version: SchemaVersion): Promise<void> {
  await migrateServerDatabase(drizzleServer({ client }), settings(version))
}

export async function migrateEmbedded(server: PGlite, version: SchemaVersion): Promise<void> {
  await migrateEmbeddedDatabase(drizzleEmbedded({ client: server }), settings(version))
}
