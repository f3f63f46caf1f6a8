/** Which rows of a source an archive keeps, as rows of v2. */

import { getTableColumns, getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { EventKind } from '../../loaders/changes.ts'
import type { Detected } from '../../sipis/detect.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import { v1Projection } from '../../sipis/v1/projection.ts'
import * as v2 from '../../sipis/v2/tables.ts'
import type { CopyColumn, CopyTable } from '../copy/plan/plan.ts'
import { columnsOf, copyPlan, plain } from '../copy/plan/plan.ts'

/** A table of the source, with the expressions of its columns in v2. */
export interface ArchivedTable extends Pick<CopyTable, 'name' | 'from' | 'columns' | 'key' | 'rejects'> {
  readonly kind: EventKind
  /** Expression of the time when the selector was last seen; the time of the row if there is no such selector. */
  readonly lastSeen: string
  /** Expression of the bytes of what may be large; undefined if nothing is. */
  readonly bytes: string | undefined
}

/** A table of the archive. */
export interface KeptTable {
  readonly name: string
  /** What identifies a row: what its id in the API consists of, and what tells rows apart whose numbers were given out again. */
  readonly identity: readonly string[]
  /** The column that tells how old a row is. */
  readonly time: 'time' | 'started'
  /** Cutoff of the retention, from an expression of an interval. */
  readonly since: (age: string) => string
  /** SQL type of each column that is no text. */
  readonly types: ReadonlyMap<string, string>
}

const withZone = (age: string) => `now() - ${age}`
const inUtc = (age: string) => `(now() AT TIME ZONE 'UTC') - ${age}`

export const keptTables: Readonly<Record<EventKind, KeptTable>> = {
  CALL: kept(v2.sipcalls, ['rowid', 'selector', 'callid'], 'time', withZone),
  MESSAGE: kept(v2.siptextmessages, ['rowid', 'selector', 'msgid'], 'time', withZone),
  PUSH_TEST: kept(v2.pushtests, ['selector', 'pushid'], 'started', inUtc),
}

function kept(
  table: PgTable,
  identity: readonly string[],
  time: KeptTable['time'],
  since: KeptTable['since'],
): KeptTable {
  const types = Object.values(getTableColumns(table)).flatMap((column): [string, string][] => {
    const type = column.getSQLType()
    return /^(text|varchar)/.test(type) ? [] : [[column.name, type.replace('bigserial', 'bigint')]]
  })
  return { name: getTableName(table), identity, time, since, types: new Map(types) }
}

export function archivePlan(source: Detected): ArchivedTable[] {
  return source.version === 'V1' ? planOfV1(source) : planOfV2(source)
}

/** The expressions of the migration. A call has no reason, as the gateway says of v1; a push test has the number of the projection. */
function planOfV1({ encoding, schemas, keys }: Detected): ArchivedTable[] {
  const { pushTests } = v1Projection({ encoding, timeZone: 'UTC', schemas, keys })
  const number: CopyColumn = {
    name: 'rowid',
    value: plain(pushTests.columns.rowid.sql),
    kind: 'other',
    nullable: false,
    filled: undefined,
  }
  const tables = new Map(
    copyPlan({ encoding, missedReason: '', schemas, used: new Map() }).map((table) => [table.name, table]),
  )
  const of = (kind: EventKind, bytes?: string): ArchivedTable => {
    const table = tables.get(keptTables[kind].name)
    if (table === undefined) throw new Error(`${kind} is not copied.`)
    const columns = table.numbered === undefined ? table.columns : [number, ...table.columns]
    return { ...table, columns, kind, lastSeen: '"selectors"."lastseen"', bytes }
  }
  return [of('CALL'), of('MESSAGE', contentBytes), of('PUSH_TEST')]
}

function planOfV2({ schemas }: Detected): ArchivedTable[] {
  const owners = qualifiedName(schemas, v2.selectors)
  const of = (kind: EventKind, columns: CopyColumn[], time: string, bytes?: string): ArchivedTable => {
    const { name } = keptTables[kind]
    const newest = `SELECT max(s.lastseen) FROM ${owners} AS s WHERE s.selector = "${name}"."selector"`
    return {
      kind,
      name,
      from: qualifiedName(schemas, name),
      columns,
      key: { rowid: `"${name}"."rowid"` },
      rejects: [],
      lastSeen: `coalesce((${newest}), ${time})`,
      bytes,
    }
  }
  return [
    of('CALL', columnsOf(v2.sipcalls, getTableColumns(v2.sipcalls)), plain(sql`${v2.sipcalls.time}`)),
    of(
      'MESSAGE',
      columnsOf(v2.siptextmessages, getTableColumns(v2.siptextmessages)),
      plain(sql`${v2.siptextmessages.time}`),
      contentBytes,
    ),
    of(
      'PUSH_TEST',
      columnsOf(v2.pushtests, getTableColumns(v2.pushtests)),
      plain(sql`${v2.pushtests.started} AT TIME ZONE 'UTC'`),
    ),
  ]
}

const contentBytes =
  'coalesce(octet_length("siptextmessages"."headers"), 0) + coalesce(octet_length("siptextmessages"."body"), 0)'
