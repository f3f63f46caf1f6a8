import { getTableName, is } from 'drizzle-orm'
import { getTableConfig, PgTable, PgVarchar } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { render } from '../../../database/database.ts'
import { searchedSchemas } from '../../../database/search-path.ts'
import { qualifiedName } from '../../../sipis/schemas.ts'
import * as v2 from '../../../sipis/v2/tables.ts'
import type { CopyTable } from '../plan/plan.ts'
import type { TableFacts, UniqueKey } from '../plan/statements.ts'
import type { Session, Source } from './session.ts'

/** Reads the facts of a table from the system catalogue. */
export async function factsOf({ query, schemas }: Source, table: string): Promise<TableFacts> {
  const limits = await query(
    `SELECT attname, atttypmod - 4 FROM pg_attribute WHERE attrelid = to_regclass($1) AND atttypid = 'varchar'::regtype
      AND atttypmod > 4 AND attnum > 0 AND NOT attisdropped`,
    [qualifiedName(schemas, table)],
  )
  // Keys of a parent do not hold for its children; a server before 15 has no column indnullsnotdistinct.
  const keys = await query(
    `SELECT (SELECT json_agg(a.attname ORDER BY place) FROM unnest(x.indkey[0:x.indnkeyatts - 1]) WITH ORDINALITY AS k(n, place)
        JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.n)::text, to_jsonb(x) ->> 'indnullsnotdistinct',
        x.indisvalid AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid))
      FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
      WHERE x.indrelid = to_regclass($1) AND x.indisunique AND x.indpred IS NULL AND x.indexprs IS NULL`,
    [qualifiedName(schemas, table)],
  )
  return {
    limits: new Map(limits.map(([name, limit]) => [String(name), Number(limit)])),
    uniqueKeys: keys.map(([names, nullsAreEqual, holds]) => ({
      columns: z.array(z.string()).parse(JSON.parse(names ?? '[]')),
      nullsAreEqual: nullsAreEqual === 'true',
      holdsForAllRows: holds === 't',
    })),
  }
}

/** @param tables of one version */
export function tableIn(tables: Readonly<Record<string, unknown>>, name: string): PgTable {
  const table = Object.values(tables).find((one) => is(one, PgTable) && getTableName(one) === name)
  if (!is(table, PgTable)) throw new Error(`This version has no table ${name}.`)
  return table
}

/** Facts of a table as `init` creates it. */
export function initialFacts(name: string): TableFacts {
  const table = tableIn(v2, name)
  const { columns, uniqueConstraints } = getTableConfig(table)
  const primary = columns.filter((column) => column.primary).map((column) => column.name)
  return {
    limits: new Map(
      columns.flatMap((column) =>
        is(column, PgVarchar) && column.length !== undefined ? [[column.name, column.length]] : [],
      ),
    ),
    uniqueKeys: [
      ...(primary.length === 0 ? [] : [primary]),
      ...uniqueConstraints.map((key) => key.columns.map((column) => column.name)),
    ].map((columns) => ({ columns, nullsAreEqual: false, holdsForAllRows: true })),
  }
}

/** Whether a unique key of the source implies a key of the target, so that duplicates need not be searched. */
export function isUniqueInSource(
  table: CopyTable,
  { columns: key, nullsAreEqual }: UniqueKey,
  source: ReadonlyMap<string, TableFacts>,
): boolean {
  const has = (name: string, wanted: readonly string[]) =>
    (source.get(name)?.uniqueKeys ?? []).some(
      ({ columns, ...known }) =>
        known.holdsForAllRows &&
        (known.nullsAreEqual || !nullsAreEqual) &&
        columns.length === wanted.length &&
        wanted.every((column) => columns.includes(column)),
    )
  // Nulls, which differ from one another, become the same value.
  if (table.columns.some(({ name, filled }) => filled !== undefined && key.includes(name))) return false
  if (table.name === 'selectors') return has('selectors', key)
  // Added rows differ from all others in rowid, and in selector and name together.
  if (table.added !== undefined && !key.includes('rowid') && !key.includes('name')) return false
  const { owner } = table
  if (!key.includes(owner.target)) return (table.added === undefined || key.includes('rowid')) && has(table.name, key)
  return (
    has('selectors', [owner.target]) &&
    has(
      table.name,
      key.map((column) => (column === owner.target ? owner.source : column)),
    )
  )
}

export interface UnknownTable {
  readonly table: string
  /** Null if the role may not count them. */
  readonly rows: number | null
}

/** Tables that have rows, or may have some, and that do not belong to SIPIS and are not copied. */
export async function unknownTables({ query }: Session, known: readonly string[]): Promise<UnknownTable[]> {
  const names = await query(
    `SELECT c.relname, n.nspname, has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY(${render(searchedSchemas).text}) AND NOT c.relname = ANY($1)
      AND NOT c.relispartition ORDER BY 1`,
    [known],
  )
  const found: UnknownTable[] = []
  for (const [name, schema, readable] of names) {
    const table = String(name)
    if (readable !== 't') {
      found.push({ table, rows: null })
      continue
    }
    const [[rows] = []] = await query(
      `SELECT count(*) FROM ${qualifiedName(new Map([[table, String(schema)]]), table)}`,
    )
    if (rows !== '0') found.push({ table, rows: Number(rows) })
  }
  return found
}

/** Number of other client connections to the database; SIPIS may still be running. An ordinary role does not see what others are. */
export async function otherConnections({ query }: Session): Promise<number> {
  const [[others] = []] = await query(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
    AND coalesce(application_name, '') NOT LIKE 'sipis-gateway%'`)
  return Number(others)
}
