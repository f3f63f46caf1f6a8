import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { Schemas } from '../versions/schemas.ts'
import { tablesOf } from '../versions/schemas.ts'

/** Who the gateway is to the database. */
export interface Role {
  readonly name: string
  readonly superuser: boolean
  /** Whether it may change any of SIPIS's tables, or make others beside them. */
  readonly mayWrite: boolean
}

/** The tables that are served. */
export const served = ['selectors', 'tokens', 'sipcalls', 'siptextmessages', 'pushtests'] as const

export async function findRole(database: Database, schemas: Schemas): Promise<Role> {
  const [found] = await database.query(sql`SELECT current_user,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
    (SELECT coalesce(bool_or(has_table_privilege(to_regclass(path), 'INSERT, UPDATE, DELETE, TRUNCATE')), false)
      FROM ${tablesOf(schemas, [...schemas.keys()])})`)
  return { name: String(found?.[0]), superuser: found?.[1] === 't', mayWrite: found?.[2] === 't' }
}

/** What makes a role that may do no more than the gateway needs. The names are the operator's to change. */
export function readOnlyRoleStatements(database: string, schema: string): readonly string[] {
  return [
    `CREATE ROLE sipis_gateway LOGIN PASSWORD '…' CONNECTION LIMIT 20;`,
    `ALTER ROLE sipis_gateway SET default_transaction_read_only = on;`,
    `GRANT CONNECT ON DATABASE ${quoted(database)} TO sipis_gateway;`,
    `GRANT USAGE ON SCHEMA ${quoted(schema)} TO sipis_gateway;`,
    `GRANT SELECT ON ${served.map((table) => `${quoted(schema)}.${table}`).join(', ')} TO sipis_gateway;`,
    `-- Only where settings are to be shown (Selector.settings): GRANT SELECT ON ${quoted(schema)}.data TO sipis_gateway;`,
  ]
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}
