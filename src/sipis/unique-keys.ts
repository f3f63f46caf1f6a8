import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../database/database.ts'
import type { Schemas } from './schemas.ts'
import { tablesOf } from './schemas.ts'

const names = z.array(z.string())

/** Unique keys that the database enforces. SIPIS has published no key of v2, and few of v1. */
export interface UniqueKeys {
  /** The columns of each unique key, by table. */
  readonly ofTable: ReadonlyMap<string, readonly (readonly string[])[]>
  /** Views and foreign tables: their rows have no ctid. */
  readonly withoutCtid: ReadonlySet<string>
}

export const noKeys: UniqueKeys = { ofTable: new Map(), withoutCtid: new Set() }

/** Whether the database prevents two rows with the same values in all of these columns. */
export function isUnique({ ofTable }: UniqueKeys, table: string, columns: readonly string[]): boolean {
  return (ofTable.get(table) ?? []).some((key) => key.every((column) => columns.includes(column)))
}

/** Finds unique keys that hold for all rows: no partial ones, none on expressions, none of a parent without its children. */
export async function findUniqueKeys(database: Database, schemas: Schemas): Promise<UniqueKeys> {
  const rows = await database.query(sql`SELECT name, c.relkind, k.columns
    FROM ${tablesOf(schemas, [...schemas.keys()])} JOIN pg_class c ON c.oid = to_regclass(path)
    LEFT JOIN LATERAL (
      SELECT json_agg(a.attname)::text AS columns
      FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY(x.indkey[0:x.indnkeyatts - 1])
      WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
        AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid))
      GROUP BY x.indexrelid
    ) AS k ON true`)
  return {
    ofTable: new Map(
      [...Map.groupBy(rows, ([name]) => String(name))].map(([name, keys]) => [
        name,
        keys.flatMap(([, , columns]) => (columns == null ? [] : [names.parse(JSON.parse(columns))])),
      ]),
    ),
    withoutCtid: new Set(rows.filter(([, kind]) => kind === 'v' || kind === 'f').map(([name]) => String(name))),
  }
}
