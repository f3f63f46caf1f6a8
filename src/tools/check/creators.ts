import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import { searchedSchemas } from '../../database/search-path.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { tablesOf } from '../../sipis/schemas.ts'

export interface Creators {
  readonly schema: string
  /** Roles, or PUBLIC. Both names as PostgreSQL quotes them. */
  readonly roles: readonly string[]
}

/**
 * Roles that may create objects in the schemas of the search_path, where a function, operator or table can shadow another one.
 * Leaves out the owners of the schema and of SIPIS's tables, because they can change the tables themselves.
 */
export async function foreignCreators(database: Database, schemas: Schemas): Promise<Creators[]> {
  const rows = await database.query(sql`WITH owners AS (
      SELECT c.relowner FROM ${tablesOf(schemas, [...schemas.keys()])} JOIN pg_class c ON c.oid = to_regclass(path)
    )
    SELECT quote_ident(n.nspname), CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
    FROM pg_namespace n, aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE n.nspname = ANY(${searchedSchemas}) AND n.nspname <> 'pg_catalog'
      AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
      AND r.rolsuper IS NOT TRUE AND r.rolname IS DISTINCT FROM current_user
      AND a.grantee NOT IN (SELECT relowner FROM owners)
    ORDER BY 1, 2`)
  return [...Map.groupBy(rows, ([schema]) => String(schema))].map(([schema, found]) => ({
    schema,
    roles: [...new Set(found.map(([, role]) => String(role)))],
  }))
}
