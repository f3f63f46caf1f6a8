import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import type { Detected } from '../../sipis/detect.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { tablesOf } from '../../sipis/schemas.ts'
import { describedTables } from '../../sipis/versions.ts'

/** The database role of the gateway. */
export interface Role {
  readonly name: string
  readonly superuser: boolean
  /** Whether it may write to any of SIPIS's tables. */
  readonly mayWrite: boolean
}

export async function findRole(database: Database, schemas: Schemas): Promise<Role> {
  const [found] = await database.query(sql`SELECT current_user,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
    (SELECT coalesce(bool_or(has_table_privilege(to_regclass(path), 'INSERT, UPDATE, DELETE, TRUNCATE')), false)
      FROM ${tablesOf(schemas, [...schemas.keys()])})`)
  return { name: String(found?.[0]), superuser: found?.[1] === 't', mayWrite: found?.[2] === 't' }
}

/** Statements that create a role with the privileges that the gateway needs on this database, and no others. */
export async function readOnlyRoleStatements(
  database: Database,
  { version, schemas }: Pick<Detected, 'version' | 'schemas'>,
): Promise<readonly string[]> {
  const [[name = '', taken] = []] = await database.query(
    sql`SELECT quote_ident(current_database()), EXISTS (SELECT FROM pg_roles WHERE rolname = 'sipis_gateway')`,
  )
  const tables = await database.query(sql`SELECT name, quote_ident(schema), format('%I.%I', schema, name)
    FROM unnest(${sql.param([...schemas.keys()])}::text[], ${sql.param([...schemas.values()])}::text[]) AS t(name, schema)`)
  const rows = tables.map(([table, schema, path]) => ({
    table: String(table),
    schema: String(schema),
    path: String(path),
  }))
  const described = describedTables[version]
  const needed = rows.filter(({ table }) =>
    described.some(({ name: known, grant }) => known === table && grant === 'required'),
  )
  const optional = described.flatMap(({ name: known, grant, needed: columns }) => {
    const path = rows.find(({ table }) => table === known)?.path
    if (path === undefined || typeof grant === 'string') return []
    const list = grant.onColumns === true ? ` (${columns.join(', ')})` : ''
    return [`-- Only where ${grant.onlyWhere}: GRANT SELECT${list} ON ${path} TO sipis_gateway;`]
  })
  const places = [...new Set(needed.map(({ schema }) => schema))].join(', ')
  return [
    ...(taken === 't' ? [] : [`CREATE ROLE sipis_gateway LOGIN PASSWORD '…' CONNECTION LIMIT 20;`]),
    `ALTER ROLE sipis_gateway SET default_transaction_read_only = on;`,
    ...(places === 'public' ? [] : [`ALTER ROLE sipis_gateway IN DATABASE ${name} SET search_path TO ${places};`]),
    `GRANT CONNECT ON DATABASE ${name} TO sipis_gateway;`,
    `GRANT USAGE ON SCHEMA ${places} TO sipis_gateway;`,
    `GRANT SELECT ON ${needed.map(({ path }) => path).join(', ')} TO sipis_gateway;`,
    ...optional,
  ]
}
