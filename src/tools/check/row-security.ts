import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import type { Detected } from '../../sipis/detect.ts'
import { tablesOf } from '../../sipis/schemas.ts'
import { describedTables } from '../../sipis/versions.ts'

/**
 * Tables whose row level security may hide rows from this role, which PostgreSQL does silently. A view reads with the privileges of
 * its owner unless it is a security_invoker, so the role that reads the underlying table counts.
 *
 * @returns names with their schemas, as PostgreSQL quotes them
 */
export async function tablesWithHiddenRows(
  database: Database,
  { version, schemas }: Pick<Detected, 'version' | 'schemas'>,
): Promise<string[]> {
  const granted = describedTables[version].filter(({ grant }) => grant !== 'none').map(({ name }) => name)
  const rows = await database.query(sql`WITH RECURSIVE reads(relation, reader) AS (
      SELECT to_regclass(path)::oid, (SELECT oid FROM pg_roles WHERE rolname = current_user)
      FROM ${tablesOf(schemas, granted)} WHERE has_table_privilege(to_regclass(path), 'SELECT')
    UNION
      SELECT d.refobjid, CASE WHEN v.reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}'
        THEN reads.reader ELSE v.relowner END
      FROM reads JOIN pg_class v ON v.oid = reads.relation AND v.relkind = 'v'
      JOIN pg_rewrite r ON r.ev_class = v.oid
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid <> v.oid
    )
    SELECT DISTINCT c.oid::regclass::text FROM reads JOIN pg_class c ON c.oid = reads.relation
    JOIN pg_roles reader ON reader.oid = reads.reader
    WHERE c.relrowsecurity AND NOT reader.rolsuper AND NOT reader.rolbypassrls
      AND (c.relforcerowsecurity OR NOT pg_has_role(reader.oid, c.relowner, 'USAGE'))
    ORDER BY 1`)
  return rows.map(([name]) => String(name))
}

export function rowSecuritySentence(role: string, tables: readonly string[]): string {
  return `Row level security of ${tables.join(', ')} may hide rows from the role ${role}: hidden rows are missing from every answer.`
}
