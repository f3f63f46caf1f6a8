import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { Schemas } from './schemas.ts'
import { qualified } from './schemas.ts'
import { tableversions } from './v2/tables.ts'

export interface TableVersion {
  readonly name: string
  readonly version: string
}

/** At most this many are read. */
export const maxTableVersions = 100

const { name, version } = tableversions
export const tableVersionColumns = { name, version }

/** Empty if tableversions does not have the assumed columns. The vendor has not published them. */
export async function readTableVersions(
  database: Database,
  { hasTableVersions, schemas }: { readonly hasTableVersions: boolean; readonly schemas: Schemas },
): Promise<TableVersion[]> {
  if (!hasTableVersions) return []
  const rows = await database.query(
    sql`SELECT ${name}::text, ${version}::text FROM ${qualified(schemas, tableversions)} WHERE ${name} IS NOT NULL AND ${version} IS NOT NULL ORDER BY 1 LIMIT ${sql.raw(String(maxTableVersions))}`,
  )
  return rows.map(([table, number]) => ({ name: String(table), version: String(number) }))
}
