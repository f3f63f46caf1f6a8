/** What a database is, and what would make it better to serve. */
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { detect } from '../versions/detect.ts'
import { createIndex, wantedIndexes } from '../versions/indexes.ts'
import type { SchemaVersion } from '../versions/projection.ts'
import type { Schemas } from '../versions/schemas.ts'
import { tablesOf } from '../versions/schemas.ts'
import { missingIndexes } from './indexes.ts'
import type { Trouble } from './migration.ts'
import { findTroubles } from './migration.ts'
import type { Role } from './role.ts'
import { findRole, readOnlyRoleStatements, served } from './role.ts'

export interface TableSize {
  readonly name: string
  /** PostgreSQL's own estimate; null where it has never been analyzed. */
  readonly rows: number | null
  readonly bytes: number
}

export interface Advice {
  readonly reason: string
  readonly statement: string
}

export interface Report {
  readonly target: string
  readonly schemaVersion: SchemaVersion
  readonly serverVersion: string
  readonly encoding: string
  readonly timeZone: string
  readonly role: Role
  readonly tables: readonly TableSize[]
  readonly advice: readonly Advice[]
  /** Empty for v2. */
  readonly migrationTroubles: readonly Trouble[]
}

export async function examine(database: Database, target: string, looking: (table: string) => void): Promise<Report> {
  const { version, serverVersion, encoding, schemas } = await detect(database)
  const [server] = await database.query(
    sql`SELECT reset_val, current_database() FROM pg_settings WHERE name = 'TimeZone'`,
  )
  const role = await findRole(database, schemas)
  const missing = await missingIndexes(database, wantedIndexes[version], schemas)
  return {
    target,
    schemaVersion: version,
    serverVersion,
    encoding,
    timeZone: server?.[0] ?? 'unknown',
    role,
    tables: await tableSizes(database, schemas),
    advice: [
      ...missing.map((index) => ({
        reason: `An index would help with ${index.purpose}.`,
        statement: createIndex(index),
      })),
      ...(role.superuser || role.mayWrite
        ? [readOnlyRole(server?.[1] ?? 'sipis', schemas.get('selectors') ?? 'public')]
        : []),
    ],
    migrationTroubles: version === 'V1' ? await findTroubles(database, encoding, schemas, looking) : [],
  }
}

function readOnlyRole(database: string, schema: string): Advice {
  return {
    reason: 'The gateway only reads; a role that may do no more is safer. As the owner of the database:',
    statement: readOnlyRoleStatements(database, schema).join('\n    '),
  }
}

async function tableSizes(database: Database, schemas: Schemas): Promise<TableSize[]> {
  const rows = await database.query(sql`SELECT name, nullif(c.reltuples, -1)::bigint, pg_total_relation_size(c.oid)
    FROM ${tablesOf(schemas, [...served, 'data', 'restart'])} JOIN pg_class c ON c.oid = to_regclass(path) ORDER BY n`)
  return rows.map(([name, count, bytes]) => ({
    name: String(name),
    rows: count == null ? null : Number(count),
    bytes: Number(bytes),
  }))
}
