import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import type { WantedIndex } from '../../sipis/indexes.ts'
import { columnsOf } from '../../sipis/indexes.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { tablesOf } from '../../sipis/schemas.ts'

/** A statement that an operator should run, and why. */
export interface Advice {
  readonly code: 'INDEX_MISSING' | 'ROWS_HIDDEN' | 'SCHEMA_WRITABLE' | 'FUNCTION_DENIED' | 'ROLE_WRITABLE'
  readonly reason: string
  readonly statement: string
}

interface IndexColumn {
  readonly definition: string
  /** pg_index.indoption: 1 for DESC, 2 for NULLS FIRST. */
  readonly option: number
}

/** Wanted indexes without an equivalent, usable index in the database. */
async function missingIndexes(
  database: Database,
  wanted: readonly WantedIndex[],
  schemas: Schemas,
): Promise<WantedIndex[]> {
  const tables = [...new Set(wanted.map(({ table }) => table))]
  const rows = await database.query(sql`SELECT name, array_to_string(ARRAY(
      SELECT x.indoption[k - 1] || replace(pg_get_indexdef(x.indexrelid, k, true), '"', '')
      FROM generate_series(1, x.indnkeyatts) AS k
    ), E'\n')
    FROM ${tablesOf(schemas, tables)}
    JOIN pg_index x ON x.indrelid = to_regclass(path)
    JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am a ON a.oid = i.relam
    WHERE x.indisvalid AND x.indpred IS NULL AND a.amname = 'btree'`)
  const present = rows.map(([table, columns]) => ({ table, columns: String(columns).split('\n').map(indexColumn) }))
  return wanted.filter((one) => !present.some(({ table, columns }) => table === one.table && serves(columns, one)))
}

function indexColumn(text: string): IndexColumn {
  return { option: Number(text[0]), definition: plain(text.slice(1)) }
}

/** An index is read in both directions, so its columns of the order all have to go up or all down, with nulls at the same end as by default. */
function serves(columns: readonly IndexColumn[], wanted: WantedIndex): boolean {
  const ordered = columns.slice(wanted.lookUp.length, columnsOf(wanted).length)
  return (
    columnsOf(wanted).every((column, place) => columns[place]?.definition === plain(column)) &&
    (ordered.every(({ option }) => option === 0) || ordered.every(({ option }) => option === 3))
  )
}

/**
 * The statement that creates an index; undefined if the relation cannot have one. Gives no name, so that PostgreSQL chooses a free
 * one. Qualifies the table, because the operator's search_path may differ.
 */
function createIndex(wanted: WantedIndex, { path, kind }: Relation): Statement | undefined {
  const on = `ON ${path} (${columnsOf(wanted).join(', ')});`
  // CONCURRENTLY takes longer, but does not block SIPIS.
  if (kind === 'r' || kind === 'm') return { statement: `CREATE INDEX CONCURRENTLY ${on}`, remark: '' }
  if (kind !== 'p') return undefined
  return {
    statement: `CREATE INDEX ${on}`,
    remark: ` ${wanted.table} is partitioned, so SIPIS cannot write to it while the index is built.`,
  }
}

interface Statement {
  readonly statement: string
  readonly remark: string
}

interface Relation {
  /** Qualified by its schema, and quoted if necessary. */
  readonly path: string
  /** pg_class.relkind */
  readonly kind: string
}

/** Statements that create missing indexes. None for views and foreign tables, which cannot have indexes. */
export async function indexAdvice(
  database: Database,
  wanted: readonly WantedIndex[],
  schemas: Schemas,
): Promise<Advice[]> {
  const missing = await missingIndexes(database, wanted, schemas)
  const relations = await relationsOf(database, schemas)
  return missing.flatMap((index) => {
    const relation = relations.get(index.table)
    const found = relation === undefined ? undefined : createIndex(index, relation)
    if (found === undefined) return []
    const reason = `An index would help with ${index.purpose}.${found.remark}`
    return [{ code: 'INDEX_MISSING', reason, statement: found.statement }]
  })
}

async function relationsOf(database: Database, schemas: Schemas): Promise<Map<string, Relation>> {
  const rows = await database.query(sql`SELECT name, format('%I.%I', n.nspname, c.relname), c.relkind
    FROM ${tablesOf(schemas, [...schemas.keys()])} JOIN pg_class c ON c.oid = to_regclass(path)
    JOIN pg_namespace n ON n.oid = c.relnamespace`)
  return new Map(rows.map(([name, path, kind]) => [String(name), { path: String(path), kind: String(kind) }]))
}

/** Removes what PostgreSQL adds when it prints an expression: casts, parentheses and white space. */
function plain(column: string): string {
  return column
    .replaceAll(/::(text|character varying)|[()\s]/g, '')
    .replace('FROM', ',')
    .toLowerCase()
}
