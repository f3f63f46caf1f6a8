/** Describes the tables of a version. Which columns readers need is derived from the projection. */
import { Column, getTableColumns, getTableName, is, SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Projection } from './projection.ts'
import { tableVersionColumns } from './table-versions.ts'

/** What cannot be derived from the columns of a table and from the projection. */
export interface TableUse {
  /** Whether the gateway can serve everything else without it. */
  readonly mayBeMissing: boolean
  /** Whether the role of the gateway needs SELECT on it. */
  readonly grant:
    | 'required'
    | 'none'
    | {
        readonly onlyWhere: string
        /** Whether SELECT on the columns that are read is enough. */
        readonly onColumns?: true
      }
  /** Whether the vendor has published its columns. */
  readonly published: boolean
}

export interface TableDescription extends TableUse {
  readonly name: string
  /** Whether the API exposes anything of it. */
  readonly served: boolean
  /** Columns that `init` creates. */
  readonly columns: readonly string[]
  /** Columns that readers read. */
  readonly needed: readonly string[]
}

/** The gateway does not start without it. */
export const required: TableUse = { mayBeMissing: false, grant: 'required', published: true }
/** Settings of SIP accounts, passwords among them. */
export const settings: TableUse = {
  mayBeMissing: true,
  grant: { onlyWhere: 'settings are to be shown (Selector.settings)' },
  published: true,
}
/** The state of instances, passwords among it; the gateway reads the name of the server alone. */
export const servers: TableUse = {
  mayBeMissing: true,
  grant: { onlyWhere: 'servers of selectors are to be shown (Selector.server)', onColumns: true },
  published: true,
}
/** Used by SIPIS only. */
const internal: TableUse = { mayBeMissing: true, grant: 'none', published: true }
export const unpublished: TableUse = { ...internal, published: false }

/** @param uses one for each table: a table without one does not compile */
export function describeTables<Name extends string>(
  tables: Readonly<Record<Name, PgTable>>,
  projection: Projection,
  uses: Readonly<Record<Name, TableUse>>,
): TableDescription[] {
  const read = columnsRead(projection)
  const described: TableDescription[] = []
  // In the order of `uses`, because the exports of a module are in alphabetical order.
  for (const name in uses) {
    const columns = Object.values(getTableColumns(tables[name])).map((column) => column.name)
    const needed = columns.filter((column) => read.has(`${getTableName(tables[name])}.${column}`))
    described.push({ name: getTableName(tables[name]), ...uses[name], served: needed.length > 0, columns, needed })
  }
  return described
}

/** Columns that a projection reads, as `table.column`. Conditions on a key are built with a null key. */
function columnsRead(projection: Projection): ReadonlySet<string> {
  const kinds: readonly (string | object)[] = Object.values(projection)
  const ofKey = kinds.map((kind) => (hasKey(kind) ? kind.ofKey(sql`NULL`) : undefined))
  return new Set(columnsIn([projection, ofKey, tableVersionColumns]).map((column) => nameOf(column)))
}

function hasKey(kind: string | object): kind is { ofKey: (key: SQL) => SQL } {
  return typeof kind === 'object' && 'ofKey' in kind
}

function nameOf(column: Column): string {
  return `${getTableName(column.table)}.${column.name}`
}

function columnsIn(part: unknown): Column[] {
  if (is(part, Column)) return [part]
  if (is(part, SQL)) return columnsIn(part.queryChunks)
  if (Array.isArray(part)) return part.flatMap(columnsIn)
  if (typeof part !== 'object' || part === null || Object.getPrototypeOf(part) !== Object.prototype) return []
  return Object.values(part).flatMap(columnsIn)
}
