/** What a database is, and what would make it better to serve. */
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { detect } from '../versions/detect.ts'
import { createIndex, wantedIndexes } from '../versions/indexes.ts'
import type { SchemaVersion } from '../versions/projection.ts'
import { missingIndexes } from './indexes.ts'
import type { Trouble } from './migration.ts'
import { findTroubles } from './migration.ts'

export interface TableSize {
  readonly name: string
  /** PostgreSQL's own estimate; null where it has never been analyzed. */
  readonly rows: number | null
  readonly bytes: number
}

export interface Role {
  readonly name: string
  readonly superuser: boolean
  readonly mayWrite: boolean
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

const served = ['selectors', 'tokens', 'sipcalls', 'siptextmessages', 'pushtests']

export async function examine(database: Database, target: string, looking: (table: string) => void): Promise<Report> {
  const { version, serverVersion, encoding } = await detect(database)
  const [server] = await database.query(sql`SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'`)
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
      ...(role.superuser || role.mayWrite ? [readOnlyRole] : []),
    ],
    migrationTroubles: version === 'V1' ? await findTroubles(database, encoding, looking) : [],
  }
}

const readOnlyRole: Advice = {
  reason: 'The gateway only reads; a role that may do no more is safer.',
  statement: `CREATE ROLE sipis_gateway LOGIN PASSWORD '…'; GRANT SELECT ON ${served.join(', ')} TO sipis_gateway;`,
}

async function findRole(database: Database): Promise<Role> {
  const [found] = await database.query(sql`SELECT current_user,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
    bool_or(has_table_privilege(to_regclass(name), 'INSERT, UPDATE, DELETE, TRUNCATE'))
    FROM unnest(${sql.param(served)}::text[]) AS name`)
  return { name: String(found?.[0]), superuser: found?.[1] === 't', mayWrite: found?.[2] === 't' }
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
