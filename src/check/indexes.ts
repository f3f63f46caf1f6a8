import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { WantedIndex } from '../versions/indexes.ts'
import type { Schemas } from '../versions/schemas.ts'
import { tablesOf } from '../versions/schemas.ts'

/** The wanted indexes that no usable index of the database stands in for. */
export async function missingIndexes(
  database: Database,
  wanted: readonly WantedIndex[],
  schemas: Schemas,
): Promise<WantedIndex[]> {
  const tables = [...new Set(wanted.map(({ table }) => table))]
  const rows = await database.query(sql`SELECT name, array_to_string(ARRAY(
      SELECT replace(pg_get_indexdef(x.indexrelid, k, true), '"', '') FROM generate_series(1, x.indnkeyatts) AS k
    ), E'\n')
    FROM ${tablesOf(schemas, tables)}
    JOIN pg_index x ON x.indrelid = to_regclass(path)
    JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am a ON a.oid = i.relam
    WHERE x.indisvalid AND x.indpred IS NULL AND a.amname = 'btree'`)
  const present = rows.map(([table, columns]) => ({ table, columns: String(columns).split('\n').map(plain) }))
  return wanted.filter(
    ({ table, columns }) =>
      !present.some(
        (index) => index.table === table && columns.every((column, place) => index.columns[place] === plain(column)),
      ),
  )
}

/** PostgreSQL prints an expression with casts and parentheses of its own. */
function plain(column: string): string {
  return column
    .replaceAll(/::(text|character varying)|[()\s]/g, '')
    .replace('FROM', ',')
    .toLowerCase()
}
