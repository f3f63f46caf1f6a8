/** SQL that maps each table of a v2 database back to v1. */
import type { SQLWrapper } from 'drizzle-orm'
import { getTableColumns, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { exactText } from '../../../sipis/columns.ts'
import type { Schemas } from '../../../sipis/schemas.ts'
import { qualified, qualifiedName } from '../../../sipis/schemas.ts'
import * as v1 from '../../../sipis/v1/tables.ts'
import { data, pushtests, restart, selectors, sipcalls, siptextmessages, tokens } from '../../../sipis/v2/tables.ts'
import type { Source } from '../databases/session.ts'
import type { CopyTable, Reason } from './plan.ts'
import { columnsOf, plain } from './plan.ts'

export interface BackPlanOptions {
  /** server_encoding of the source. */
  readonly encoding: string
  /** Schemas of the source tables. */
  readonly schemas: Schemas
  /** The largest number that each table of the source has given out. */
  readonly used: ReadonlyMap<string, bigint>
  /** Tables of the target whose rowid has 64 bits. */
  readonly wideRowids: ReadonlySet<string>
}

/** The tables to copy back, in the order of copying. */
export function backPlan({ encoding, schemas, used, wideRowids }: BackPlanOptions): CopyTable[] {
  const exact = (column: Parameters<typeof exactText>[0]) => plain(exactText(column, encoding).read.sql)
  const accounts = columnsOf(v1.selectors, columnsIn(selectors))
  const alone = { numbered: undefined, added: undefined, owner: { target: 'id', source: 'selector' } }
  const common = { ...alone, ownerName: accounts.find(({ name }) => name === 'selector') }
  const owned = (table: PgTable, selector: SQLWrapper) =>
    plain(
      sql`${qualified(schemas, table)} LEFT JOIN ${qualified(schemas, selectors)} ON ${selectors.selector} = ${selector}`,
    )
  const rejects = (table: Numbered): CopyTable['rejects'] => [
    ['orphan', plain(sql`${selectors.id} IS NULL`)],
    beyond(table.name, table.rowid, wideRowids),
  ]
  const keyOf = (rowid: SQLWrapper, selector: Parameters<typeof exactText>[0]) => ({
    rowid: plain(sql`${rowid}`),
    selector: exact(selector),
  })
  const numbered = ({ name, table, rowid, selector }: Numbered) => ({
    ...common,
    name,
    from: owned(table, selector),
    key: keyOf(rowid, selector),
    rejects: rejects({ name, table, rowid, selector }),
  })
  const { id } = selectors
  const { missedreason: _, ...call } = rowOf(sipcalls)
  const { rowid: __, ...pushTest } = rowOf(pushtests)
  const tables: Omit<CopyTable, 'floor'>[] = [
    {
      ...alone,
      name: 'selectors',
      from: qualifiedName(schemas, selectors),
      key: { id: plain(sql`${selectors.id}`), selector: exact(selectors.selector) },
      columns: accounts,
      rejects: [beyond('selectors', selectors.id, new Set())],
    },
    {
      ...numbered({ ...tokens, name: 'tokens', table: tokens }),
      columns: columnsOf(v1.tokens, { ...rowOf(tokens), id }),
    },
    {
      ...numbered({ ...sipcalls, name: 'sipcalls', table: sipcalls }),
      columns: columnsOf(v1.sipcalls, { ...call, id }),
    },
    {
      ...numbered({ ...siptextmessages, name: 'siptextmessages', table: siptextmessages }),
      columns: columnsOf(v1.siptextmessages, { ...rowOf(siptextmessages), id }),
    },
    {
      ...numbered({ ...pushtests, name: 'pushtests', table: pushtests }),
      // v1 does not number push tests.
      rejects: [['orphan', plain(sql`${selectors.id} IS NULL`)], beyond('pushtests', selectors.id, new Set())],
      columns: columnsOf(v1.pushtests, { ...pushTest, id }),
    },
    {
      ...numbered({ ...data, name: 'data', table: data }),
      columns: columnsOf(v1.data, { ...rowOf(data), id }),
    },
    {
      ...common,
      ...restartSource(schemas),
      name: 'restart',
      key: keyOf(restart.rowid, restart.selector),
      rejects: rejects({ ...restart, name: 'restart', table: restart }),
      columns: columnsOf(v1.restart, { ...rowOf(restart), id, server: sql.raw('"restart"."server"') }),
    },
  ]
  return tables.map((table) => ({ ...table, floor: String(used.get(table.name) ?? 0) }))
}

interface Numbered {
  readonly name: string
  readonly table: PgTable
  readonly rowid: SQLWrapper
  readonly selector: Parameters<typeof exactText>[0]
}

function columnsIn<Table extends PgTable>(table: Table): Table['_']['columns'] {
  return getTableColumns(table)
}

/** The columns of a row that belongs to a selector, without that. */
function rowOf<Table extends PgTable & { readonly selector: PgColumn }>(
  table: Table,
): Omit<Table['_']['columns'], 'selector'> {
  const { selector: _, ...columns } = columnsIn(table)
  return columns
}

/** A number or the id of its selector that v1 cannot hold. */
function beyond(table: string, rowid: SQLWrapper, wide: ReadonlySet<string>): readonly [Reason, string] {
  const numbers = [...(wide.has(table) ? [] : [rowid]), selectors.id]
  const conditions = numbers.map((number) => plain(sql`${number} NOT BETWEEN -2147483648 AND 2147483647`))
  return ['out-of-range', [...new Set(conditions)].join(' OR ')]
}

/**
 * v1 has the server of an instance in each restart entry. An entry named "server" moves there, unless the instance has no other entry, or
 * it has a value that has no place there.
 */
const movedServers = (
  restarts: string,
) => `SELECT DISTINCT ON (s.selector) s.selector, s.rowid, s.value FROM ${restarts} s
  WHERE s.name = 'server' AND s.seq = 0 AND s.value IS NOT NULL AND s.longvalue IS NULL AND EXISTS (
    SELECT FROM ${restarts} o WHERE o.selector = s.selector AND NOT (o.name = 'server' AND o.seq = 0))
  ORDER BY s.selector, s.rowid DESC`

function restartSource(schemas: Schemas): Pick<CopyTable, 'from' | 'added'> {
  const restarts = qualifiedName(schemas, restart)
  const moved = movedServers(restarts)
  return {
    from: `(SELECT e.*, m.value AS server FROM ${restarts} e LEFT JOIN (${moved}) AS m ON m.selector = e.selector
        WHERE m.rowid IS NULL OR NOT (e.name = 'server' AND e.seq = 0 AND e.rowid = m.rowid)) AS "restart"
      LEFT JOIN ${qualifiedName(schemas, selectors)} ON "selectors"."selector" = "restart"."selector"`,
    added: `SELECT -count(*) FROM (${moved}) AS moved`,
  }
}

/** What v1 has no column for. */
export async function backWarnings({ query, schemas }: Source): Promise<string[]> {
  const reasons = await query(
    `SELECT missedreason, count(*) FROM ${qualifiedName(schemas, 'sipcalls')} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10`,
  )
  const counts = reasons.map(([reason, calls]) => `${calls} ${String(reason).replaceAll(/\p{C}+/gu, ' ')}`).join(', ')
  const warnings = counts === '' ? [] : [`v1 has no column for the reason of a call; these are not copied: ${counts}.`]
  if (!schemas.has('restart')) return warnings
  const [[moved] = []] = await query(
    `SELECT count(*) FROM (${movedServers(qualifiedName(schemas, 'restart'))}) AS moved`,
  )
  if (moved === '0') return warnings
  return [
    ...warnings,
    `${moved} restart entries named "server" become the server of the other entries of their selector.`,
  ]
}
