import type { Value } from '../database/database.ts'

type Query = (statement: string, values?: readonly unknown[]) => Promise<Value[][]>

/**
 * Moves the sequences of tables past their largest values. Prefers the sequence in the default of a column to the one that it owns,
 * because in a database that SIPIS created a sequence need not be owned by its column.
 */
export async function advanceSequences(query: Query, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const sequences = await query(
      `SELECT a.attname, substring(pg_get_expr(d.adbin, d.adrelid) FROM 'nextval\\(''(.+)''::regclass'),
          pg_get_serial_sequence($1, a.attname)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = to_regclass($1) AND a.attname IN ('id', 'rowid') AND NOT a.attisdropped`,
      [table],
    )
    for (const [column, byDefault, owned] of sequences) {
      const sequence = byDefault ?? owned
      if (sequence == null) continue
      await query(
        `SELECT setval($1, largest) FROM (SELECT max(${column}) AS largest FROM ${table}) AS t WHERE largest > 0`,
        [sequence],
      )
    }
  }
}
