import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { searchedSchemas } from '../database/search-path.ts'
import { Problem } from '../errors/problem.ts'
import type { SchemaVersion } from './schema-version.ts'
import { schemaVersions } from './schema-version.ts'
import type { Schemas } from './schemas.ts'
import { qualifiedName, relationsNamed } from './schemas.ts'
import type { TableDescription } from './tables.ts'
import type { UniqueKeys } from './unique-keys.ts'
import { findUniqueKeys } from './unique-keys.ts'
import { describedTables, tableNames } from './versions.ts'

/** What `detect` has found out about a database. */
export interface Detected {
  readonly version: SchemaVersion
  readonly serverVersion: string
  readonly encoding: string
  /** Whether there is a table tableversions with the columns that this gateway can read. */
  readonly hasTableVersions: boolean
  /** Whether there is a table data with the columns of this version that the role may read. */
  readonly hasSettings: boolean
  /** Whether there is a table restart whose columns with the server of a selector the role may read. */
  readonly hasServers: boolean
  /** Tables that exist but that the role may not read. */
  readonly unreadable: ReadonlySet<string>
  readonly schemas: Schemas
  readonly keys: UniqueKeys
}

interface FoundTable {
  readonly schema: string
  readonly columns: ReadonlySet<string>
  /** Whether the role may read all columns. */
  readonly readable: boolean
  readonly readableColumns: ReadonlySet<string>
}

type Found = ReadonlyMap<string, FoundTable>

/**
 * Detects the schema version by its columns, because SIPIS 4 also runs on a v1 schema. Looks up tables in the search_path that the
 * session had before it was pinned.
 *
 * @throws Problem if the database has neither schema, or the role may not read a required table
 */
export async function detect(database: Database): Promise<Detected> {
  const [server] = await database.query(
    sql`SELECT current_setting('server_version'), current_setting('server_encoding'), ${searchedSchemas}::text,
      quote_ident(current_user)`,
  )
  const [serverVersion, encoding, searchPath, role] = server ?? []
  const found = await findTables(database)
  const candidates = schemaVersions.map((version) => ({ version, missing: missingFrom(requiredIn(version), found) }))
  const version = candidates.find(({ missing }) => missing.length === 0)?.version
  if (version === undefined) {
    throw await unknownSchema(database, found, candidates, searchPath ?? '', role ?? '')
  }
  refuseUnreadable(version, found, role ?? '')
  const usable = new Set(
    describedTables[version].filter((table) => table.served && isUsable(table, found)).map(({ name }) => name),
  )
  const schemas = new Map([...found].map(([name, { schema }]) => [name, schema]))
  return {
    version,
    serverVersion: serverVersion ?? 'unknown',
    encoding: encoding ?? 'unknown',
    hasSettings: usable.has('data'),
    hasServers: usable.has('restart'),
    hasTableVersions: usable.has('tableversions'),
    unreadable: new Set([...found].filter(([, { readable }]) => !readable).map(([name]) => name)),
    schemas,
    keys: await findUniqueKeys(database, schemas),
  }
}

async function findTables(database: Database): Promise<Found> {
  const rows = await database.query(sql`SELECT t.name, t.schema, a.attname, has_table_privilege(t.oid, 'SELECT'),
      has_column_privilege(t.oid, a.attnum, 'SELECT')
    FROM (${relationsNamed(tableNames)}) AS t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped`)
  return new Map(
    [...Map.groupBy(rows, ([name]) => String(name))].map(([name, columns]) => [
      name,
      {
        schema: String(columns[0]?.[1]),
        columns: new Set(columns.map(([, , column]) => String(column))),
        readable: columns[0]?.[3] === 't',
        readableColumns: new Set(columns.filter((column) => column[4] === 't').map(([, , column]) => String(column))),
      },
    ]),
  )
}

interface Candidate {
  readonly version: SchemaVersion
  /** `table` or `table.column`. */
  readonly missing: readonly string[]
}

function requiredIn(version: SchemaVersion): TableDescription[] {
  return describedTables[version].filter(({ mayBeMissing }) => !mayBeMissing)
}

/** Ignores additional tables and columns. */
function missingFrom(tables: readonly TableDescription[], found: Found): string[] {
  return tables.flatMap(({ name, needed }) => {
    const table = found.get(name)
    if (table === undefined) return [name]
    return needed.filter((column) => !table.columns.has(column)).map((column) => `${name}.${column}`)
  })
}

function isUsable(table: TableDescription, found: Found): boolean {
  const { readableColumns } = found.get(table.name) ?? {}
  return readableColumns !== undefined && table.needed.every((column) => readableColumns.has(column))
}

async function unknownSchema(
  database: Database,
  found: Found,
  candidates: readonly Candidate[],
  searchPath: string,
  role: string,
): Promise<Problem> {
  const path = searchPath.replace(/[{}]/g, '') || 'nothing'
  if (found.size === 0) {
    const hint =
      (await hintElsewhere(database, role)) ??
      'Check the database name; "sipis-gateway init" makes the tables in an empty database.'
    return new Problem(`No SIPIS table is in this database's search_path (${path}). ${hint}`, 'WRONG_SCHEMA')
  }
  const nearest = candidates.reduce((a, b) => (b.missing.length < a.missing.length ? b : a))
  const tables = [...found.keys()].sort().join(', ')
  return new Problem(
    `This is neither schema v1 nor v2 of SIPIS. Found in ${path}: ${tables}; nearest is ${nearest.version.toLowerCase()}, ` +
      `but it lacks ${nearest.missing.join(', ')}. Check the database name and the search_path.`,
    'WRONG_SCHEMA',
  )
}

/** Where the tables seem to be, and the statements that let the role find them there. */
async function hintElsewhere(database: Database, role: string): Promise<string | undefined> {
  const rows =
    await database.query(sql`SELECT quote_ident(n.nspname), has_schema_privilege(n.oid, 'USAGE') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = 'selectors' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT n.nspname = ANY(${searchedSchemas})
    ORDER BY 1 LIMIT 5`)
  const [[schema, usable] = []] = rows
  if (schema == null) return undefined
  const names = rows.map(([name]) => name).join(', ')
  const grant = usable === 't' ? '' : `as its owner GRANT USAGE ON SCHEMA ${schema} TO ${role}; and `
  // The server splits options at white space, and a backslash escapes the next character.
  const options = encodeURIComponent(`-csearch_path=${schema}`.replaceAll(/[\\\s]/g, '\\$&'))
  return `There are some in schema ${names}: ${grant}ALTER ROLE ${role} SET search_path TO ${schema}; or add options=${options} to the URL.`
}

function refuseUnreadable(version: SchemaVersion, found: Found, role: string): void {
  const unreadable = requiredIn(version)
    .map(({ name }) => name)
    .filter((name) => found.get(name)?.readable !== true)
  if (unreadable.length === 0) return
  const schemas = new Map([...found].map(([name, { schema }]) => [name, schema]))
  const paths = unreadable.map((table) => qualifiedName(schemas, table)).join(', ')
  throw new Problem(
    `The database role may not read ${unreadable.join(', ')}. Run as the owner: GRANT SELECT ON ${paths} TO ${role};`,
    'MISSING_PRIVILEGE',
  )
}
