import type { Value } from '../database/database.ts'
import { render } from '../database/database.ts'
import { searchedSchemas } from '../database/search-path.ts'

type Query = (statement: string, values?: readonly unknown[]) => Promise<Value[][]>

export interface Sequence {
  readonly column: string
  /** Quoted, with its schema. */
  readonly name: string
  readonly increment: bigint
  readonly readable: boolean
  readonly settable: boolean
}

/** A sequence that is named by a text, which the server looks up at each call, as pg_get_expr prints it. */
const namedByText = `nextval\\(\\(?'((?:[^']|'')+)'::(?:text|character varying)`

/**
 * Finds the sequences that number the column id or rowid of a table. Those in the default of a column are preferred to one that it owns,
 * because in a database that SIPIS created a sequence need not be owned by its column.
 *
 * @param table quoted, with its schema
 */
export async function sequencesOf(query: Query, table: string): Promise<Sequence[]> {
  const rows = await query(
    `WITH columns AS (
      SELECT a.attrelid, a.attnum, a.attname, d.oid AS default_id, (regexp_match(pg_get_expr(d.adbin, d.adrelid), $2))[1] AS named
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = to_regclass($1) AND a.attname IN ('id', 'rowid') AND NOT a.attisdropped
    ), found AS (
      SELECT c.attname, 1 AS preference, p.refobjid AS oid FROM columns c
      JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = c.default_id AND p.refclassid = 'pg_class'::regclass
      UNION SELECT c.attname, 1, named.oid FROM columns c, LATERAL (SELECT parse_ident(replace(c.named, '''''', '''')) AS parts) AS i,
        LATERAL (SELECT r.oid FROM unnest(${render(searchedSchemas).text}) WITH ORDINALITY AS searched(schema, place)
          FULL JOIN pg_namespace n ON n.nspname = searched.schema
          JOIN pg_class r ON r.relnamespace = n.oid AND r.relname = i.parts[cardinality(i.parts)]
          WHERE CASE WHEN cardinality(i.parts) = 1 THEN searched.place IS NOT NULL ELSE n.nspname = i.parts[1] END
          ORDER BY searched.place LIMIT 1) AS named
      UNION SELECT c.attname, 2, p.objid FROM columns c JOIN pg_depend p ON p.classid = 'pg_class'::regclass
        AND p.refclassid = 'pg_class'::regclass AND p.refobjid = c.attrelid AND p.refobjsubid = c.attnum AND p.deptype IN ('a', 'i')
    ), sequences AS (
      SELECT f.attname, s.oid, format('%I.%I', n.nspname, s.relname) AS name, q.seqincrement,
        rank() OVER (PARTITION BY f.attname ORDER BY f.preference) AS place
      FROM found f JOIN pg_class s ON s.oid = f.oid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
      JOIN pg_sequence q ON q.seqrelid = s.oid
    )
    SELECT attname, name, seqincrement, has_sequence_privilege(oid, 'SELECT'), has_sequence_privilege(oid, 'UPDATE')
      FROM sequences WHERE place = 1 ORDER BY 1, 2`,
    [table, namedByText],
  )
  return rows.map(([column, name, increment, readable, settable]) => ({
    column: String(column),
    name: String(name),
    increment: BigInt(increment ?? 1),
    readable: readable === 't',
    settable: settable === 't',
  }))
}

/** The value that a sequence gives next. */
export async function nextValue(query: Query, { name, increment }: Sequence): Promise<bigint> {
  const [[last, isCalled] = []] = await query(`SELECT last_value, is_called::text FROM ${name}`)
  const value = BigInt(last ?? 0)
  return isCalled === 'true' ? value + increment : value
}

export async function largestIn(query: Query, table: string, column: string): Promise<bigint> {
  const [[largest] = []] = await query(`SELECT max(${column}) FROM ${table}`)
  return BigInt(largest ?? 0)
}

/**
 * Moves the sequences of tables past their largest values, and past `used`. Never moves one back.
 *
 * @param tables quoted, with their schemas
 * @param used the largest number that was given out before, by table
 */
export async function advanceSequences(
  query: Query,
  tables: readonly string[],
  used: ReadonlyMap<string, bigint> = new Map(),
): Promise<void> {
  for (const table of tables) {
    for (const sequence of await sequencesOf(query, table)) {
      if (sequence.increment < 0n) continue
      const largest = await largestIn(query, table, sequence.column)
      const before = used.get(table) ?? 0n
      const next = (largest > before ? largest : before) + 1n
      if (next > (await nextValue(query, sequence))) {
        await query('SELECT setval($1::text::regclass, $2, false)', [sequence.name, String(next)])
      }
    }
  }
}
