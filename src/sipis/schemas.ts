import type { SQL } from 'drizzle-orm'
import { getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Value } from '../database/database.ts'
import { render } from '../database/database.ts'
import { searchedSchemas } from '../database/search-path.ts'

/** The schema of each table that was found, by the table's name. */
export type Schemas = ReadonlyMap<string, string>

/** Selects the relations to which the names resolve in the search_path: name, schema, oid. */
export function relationsNamed(names: readonly string[]): SQL {
  return sql`SELECT DISTINCT ON (c.relname) c.relname AS name, n.nspname AS schema, c.oid
    FROM unnest(${searchedSchemas}) WITH ORDINALITY AS searched(schema, place)
    JOIN pg_namespace n ON n.nspname = searched.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    WHERE c.relname = ANY(${sql.param([...names])}::text[]) ORDER BY c.relname, searched.place`
}

/** The table, qualified by its schema. Columns are qualified by the name of the table only. */
export function qualified(schemas: Schemas, table: PgTable | string): SQL {
  const name = typeof table === 'string' ? table : getTableName(table)
  const schema = schemas.get(name)
  return schema === undefined ? sql`${sql.identifier(name)}` : sql`${sql.identifier(schema)}.${sql.identifier(name)}`
}

/** The same as text, for hand-written statements and to_regclass. */
export function qualifiedName(schemas: Schemas, table: PgTable | string): string {
  return render(qualified(schemas, table)).text
}

/** The tables of these names that were found, as t(name, path, n): the path is what to_regclass takes. */
export function tablesOf(schemas: Schemas, names: readonly string[]): SQL {
  const found = names.filter((name) => schemas.has(name))
  const paths = found.map((name) => qualifiedName(schemas, name))
  return sql`unnest(${sql.param(found)}::text[], ${sql.param(paths)}::text[]) WITH ORDINALITY AS t(name, path, n)`
}

/** Finds the schemas of tables for a session that does not use `detect`. */
export async function findSchemas(
  query: (text: string, values: readonly unknown[]) => Promise<Value[][]>,
  names: readonly string[],
): Promise<Schemas> {
  const { text, values } = render(relationsNamed(names))
  return new Map((await query(text, values)).map(([name, schema]) => [String(name), String(schema)]))
}
