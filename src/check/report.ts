/** What a database is, and what would make it better to serve. */
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { detect } from '../versions/detect.ts'
import { createIndex, wantedIndexes } from '../versions/indexes.ts'
import type { SchemaVersion } from '../versions/projection.ts'
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
  const { version, serverVersion, encoding } = await detect(database)
  const [server] = await database.query(sql`SELECT reset_val, current_database(),
    (SELECT nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid WHERE c.oid = to_regclass('selectors'))
    FROM pg_settings WHERE name = 'TimeZone'`)
  const role = await findRole(database)
  const missing = await missingIndexes(database, wantedIndexes[version])
  return {
    target,
    schemaVersion: version,
    serverVersion,
    encoding,
    timeZone: server?.[0] ?? 'unknown',
    role,
    tables: await tableSizes(database),
    advice: [
      ...missing.map((index) => ({
        reason: `An index would help with ${index.purpose}.`,
        statement: createIndex(index),
      })),
      ...(role.superuser || role.mayWrite ? [readOnlyRole(server?.[1] ?? 'sipis', server?.[2] ?? 'public')] : []),
    ],
    migrationTroubles: version === 'V1' ? await findTroubles(database, encoding, looking) : [],
  }
}

function readOnlyRole(database: string, schema: string): Advice {
  return {
    reason: 'The gateway only reads; a role that may do no more is safer. As the owner of the database:',
    statement: readOnlyRoleStatements(database, schema).join('\n    '),
  }
}

async function tableSizes(database: Database): Promise<TableSize[]> {
  const rows = await database.query(sql`SELECT name, nullif(c.reltuples, -1)::bigint, pg_total_relation_size(c.oid)
    FROM unnest(${sql.param([...served, 'data', 'restart'])}::text[]) WITH ORDINALITY AS t(name, n)
    JOIN pg_class c ON c.oid = to_regclass(name) ORDER BY n`)
  return rows.map(([name, count, bytes]) => ({
    name: String(name),
    rows: count == null ? null : Number(count),
    bytes: Number(bytes),
  }))
}
