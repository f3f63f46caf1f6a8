/**
 * SQL that maps each table of a v1 database to v2. Served tables use the expressions of the v1 projection, so that the gateway and
 * the migration agree on every value.
 */
import type { SQL, SQLWrapper } from 'drizzle-orm'
import { getTableColumns, getTableName, is, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { PgText, PgVarchar } from 'drizzle-orm/pg-core'
import { literal, render } from '../../../database/database.ts'
import { exactText } from '../../../sipis/columns.ts'
import type { Schemas } from '../../../sipis/schemas.ts'
import { qualified, qualifiedName } from '../../../sipis/schemas.ts'
import { noKeys } from '../../../sipis/unique-keys.ts'
import { v1Projection } from '../../../sipis/v1/projection.ts'
import { data, pushtests, restart, selectors, sipcalls, siptextmessages, tokens } from '../../../sipis/v1/tables.ts'
import * as v2 from '../../../sipis/v2/tables.ts'

/** Why a row is rejected. If several reasons apply, the first one in this order is reported. */
export const reasons = [
  'null-id',
  'orphan',
  'null-selector',
  'null-name',
  'too-long',
  'out-of-range',
  'invalid-bytes',
  'duplicate-key',
] as const
export type Reason = (typeof reasons)[number]

export interface CopyColumn {
  /** Name in v2. */
  readonly name: string
  readonly value: string
  readonly kind: 'text' | 'other'
  readonly nullable: boolean
  /** SQL condition: the v1 value is null, v2 forbids null, and the row gets an empty string or 0. Undefined if it cannot occur. */
  readonly filled: string | undefined
}

export interface CopyTable {
  readonly name: string
  readonly from: string
  readonly columns: readonly CopyColumn[]
  /** Columns that identify a rejected row in the rejects file. Must not contain secrets. */
  readonly key: Readonly<Record<string, string>>
  readonly rejects: readonly (readonly [Reason, string])[]
  /** Column that identifies the selector of a row: its name in the target, and in the source. */
  readonly owner: { readonly target: string; readonly source: string }
  /**
   * The name of the selector, in v1 rows, which have only its id: a row is rejected as well where its selector is rejected for its name.
   * Undefined if the row has the name.
   */
  readonly ownerName?: CopyColumn | undefined
  /** Column that v1 lacks and that gets the row number in the order of other columns. Undefined if there is none. */
  readonly numbered: { readonly column: string; readonly orderBy: readonly string[] } | undefined
  /** Rows that get a new rowid get one above this, because ids up to it were given out. */
  readonly floor: string
  /** SQL that counts the rows that v2 gets in addition to those of v1. Undefined if there are none. */
  readonly added: string | undefined
}

/** Tables that a copy reads and writes, in both versions. */
export const copiedTables = [selectors, tokens, sipcalls, siptextmessages, pushtests, data, restart].map(getTableName)

export interface PlanOptions {
  /** server_encoding of the source. */
  readonly encoding: string
  /** Missed reason for all calls, because v1 does not record it. */
  readonly missedReason: string
  /** Schemas of the source tables. */
  readonly schemas: Schemas
  /** The largest id that the source has given out, by table. */
  readonly used: ReadonlyMap<string, bigint>
}

const byId = { target: 'selector', source: 'id' }

/** The tables to copy, in the order of copying. */
export function copyPlan({ encoding, missedReason, schemas, used }: PlanOptions): CopyTable[] {
  const projection = v1Projection({ encoding, timeZone: 'UTC', schemas, keys: noKeys })
  const { calls, messages, tokens: pushTokens } = projection
  const owner = { selector: selectors.selector }
  const owned = (table: PgTable, id: SQLWrapper) =>
    plain(sql`${qualified(schemas, table)} LEFT JOIN ${qualified(schemas, selectors)} ON ${selectors.id} = ${id}`)
  const ownedRejects = [
    ['orphan', plain(sql`${selectors.id} IS NULL`)],
    ['null-selector', plain(sql`${selectors.id} IS NOT NULL AND ${selectors.selector} IS NULL`)],
  ] as const
  const peer = (
    columns: typeof calls.columns | typeof messages.columns,
    table: typeof sipcalls | typeof siptextmessages,
  ) => ({
    scheme: filled(columns.scheme.sql, table.scheme),
    userdisplayname: filled(columns.displayName.sql, table.userdisplayname),
    username: filled(columns.username.sql, table.username),
    domain: filled(columns.domain.sql, table.domain),
    domainport: filled(columns.port.sql, table.domainport),
  })
  const rest = { owner: byId, numbered: undefined, added: undefined, floor: '0' }

  const tables: CopyTable[] = [
    {
      ...rest,
      name: 'selectors',
      from: qualifiedName(schemas, selectors),
      key: { id: plain(sql`${selectors.id}`) },
      columns: columnsOf(v2.selectors, { id: selectors.id, ...owner, lastseen: selectors.lastseen }),
      rejects: [['null-selector', plain(sql`${selectors.selector} IS NULL`)]],
    },
    {
      ...rest,
      name: 'tokens',
      from: owned(tokens, tokens.id),
      key: { rowid: plain(sql`${tokens.rowid}`) },
      columns: columnsOf(v2.tokens, {
        rowid: pushTokens.columns.rowid.sql,
        ...owner,
        token: pushTokens.columns.token.sql,
        appid: pushTokens.columns.appId.sql,
        lastseen: pushTokens.columns.lastSeen.sql,
      }),
      rejects: ownedRejects,
    },
    {
      ...rest,
      name: 'sipcalls',
      from: owned(sipcalls, sipcalls.id),
      key: { rowid: plain(sql`${sipcalls.rowid}`) },
      columns: columnsOf(v2.sipcalls, {
        rowid: calls.columns.rowid.sql,
        ...owner,
        ...peer(calls.columns, sipcalls),
        callid: filled(calls.columns.callId.sql, sipcalls.callid),
        time: calls.columns.time.sql,
        missedreason: sql.raw(`${literal(missedReason)}::varchar`),
      }),
      rejects: ownedRejects,
    },
    {
      ...rest,
      name: 'siptextmessages',
      from: owned(siptextmessages, siptextmessages.id),
      key: { rowid: plain(sql`${siptextmessages.rowid}`) },
      columns: columnsOf(v2.siptextmessages, {
        rowid: messages.columns.rowid.sql,
        ...owner,
        ...peer(messages.columns, siptextmessages),
        msgid: filled(messages.columns.messageId.sql, siptextmessages.msgid),
        contenttype: filled(messages.columns.contentType.sql, siptextmessages.contenttype),
        headers: filled(messages.contents.headers.sql, siptextmessages.headers),
        body: filled(messages.contents.body.sql, siptextmessages.body),
        time: messages.columns.time.sql,
      }),
      rejects: ownedRejects,
    },
    {
      ...rest,
      name: 'pushtests',
      from: owned(pushtests, pushtests.id),
      // Escaped, because the rejects file cannot hold invalid UTF-8.
      key: { id: plain(sql`${pushtests.id}`), pushid: plain(exactText(pushtests.pushid, encoding).read.sql) },
      columns: columnsOf<typeof v2.pushtests, 'rowid'>(v2.pushtests, {
        ...owner,
        pushid: pushtests.pushid,
        platform: pushtests.platform,
        started: pushtests.started,
        concluded: pushtests.concluded,
      }),
      rejects: ownedRejects,
      // Includes all columns, so that rows that share an id are numbered in the same order on every read.
      numbered: { column: 'rowid', orderBy: ['started', 'selector', 'pushid', 'platform', 'concluded'] },
    },
    {
      ...rest,
      name: 'data',
      from: owned(data, data.id),
      key: { rowid: plain(sql`${data.rowid}`) },
      columns: columnsOf(v2.data, {
        rowid: data.rowid,
        ...owner,
        name: data.name,
        value: data.value,
        longvalue: data.longvalue,
      }),
      rejects: [
        ['null-id', plain(sql`${data.id} IS NULL`)],
        ...ownedRejects,
        ['null-name', plain(sql`${data.name} IS NULL`)],
      ],
    },
    restartTable(schemas, String(used.get('restart') ?? 0)),
  ]
  return tables.map((table) => ({ ...table, floor: String(used.get(table.name) ?? 0) }))
}

/**
 * v1 stores the server of an instance with each restart entry; v2 stores it as an entry named "server". If the entries of a selector
 * disagree, the newest is used. An existing entry named "server" is kept.
 */
const latestServers = (restarts: string, owners: string) => `SELECT DISTINCT ON (s.id) s.id, s.server FROM ${restarts} s
  JOIN ${owners} o ON o.id = s.id AND o.selector IS NOT NULL
  WHERE s.server IS NOT NULL AND NOT EXISTS (SELECT FROM ${restarts} e WHERE e.id = s.id AND e.name = 'server' AND e.seq = 0)
  ORDER BY s.id, s.rowid DESC`

/** Statements that count selectors for the warnings of the report. */
export const serverCountStatements = (restarts: string) => ({
  existing: `SELECT count(DISTINCT s.id) FROM ${restarts} s WHERE s.server IS NOT NULL
    AND EXISTS (SELECT FROM ${restarts} e WHERE e.id = s.id AND e.name = 'server' AND e.seq = 0)`,
  disagreeing: `SELECT count(*) FROM (SELECT id FROM ${restarts} GROUP BY id HAVING count(DISTINCT server) > 1) AS d`,
})

function restartTable(schemas: Schemas, floor: string): CopyTable {
  const restarts = qualifiedName(schemas, restart)
  const owners = qualifiedName(schemas, selectors)
  const latest = latestServers(restarts, owners)
  const { rowid, id, name, seq, value, longvalue } = restart
  const plainNames = [rowid, id, name, seq, value, longvalue].map((column) => `"${column.name}"`).join(', ')
  const added = `SELECT (SELECT greatest(max(rowid), ${floor}) FROM ${restarts}) + row_number() OVER (ORDER BY id), id, 'server', 0, server, NULL
    FROM (${latest}) AS latest`
  return {
    name: 'restart',
    from: `(SELECT ${plainNames} FROM ${restarts} UNION ALL ${added}) AS "restart"
      LEFT JOIN ${owners} ON "selectors"."id" = "restart"."id"`,
    key: { rowid: plain(sql`${rowid}`) },
    columns: columnsOf(v2.restart, { rowid, selector: selectors.selector, name, seq, value, longvalue }),
    rejects: [
      ['orphan', `"selectors"."id" IS NULL`],
      ['null-selector', `"selectors"."id" IS NOT NULL AND "selectors"."selector" IS NULL`],
    ],
    owner: byId,
    numbered: undefined,
    floor,
    added: `SELECT count(*) FROM (${latest}) AS latest`,
  }
}

interface Filled {
  readonly value: SQLWrapper
  /** If it is null, the row gets an empty string or 0. */
  readonly from: SQLWrapper
}

function filled(value: SQLWrapper, from: SQLWrapper): Filled {
  return { value, from }
}

/**
 * The columns of a table of the target, each with the expression that fills it; one without an expression does not compile.
 *
 * @typeParam Numbered the column that is numbered instead
 */
export function columnsOf<Table extends PgTable, Numbered extends string = never>(
  table: Table,
  values: { readonly [Name in Exclude<keyof Table['_']['columns'], Numbered>]: SQLWrapper | Filled },
): CopyColumn[] {
  const made: Readonly<Record<string, PgColumn>> = getTableColumns(table)
  return Object.entries<SQLWrapper | Filled>(values).map(([name, given]) => {
    const column = made[name]
    if (column === undefined) throw new Error(`${getTableName(table)} has no column ${name}.`)
    const { value, from } = 'from' in given ? given : { value: given, from: undefined }
    return {
      name,
      value: plain(sql`${value}`),
      kind: is(column, PgVarchar) || is(column, PgText) ? 'text' : 'other',
      nullable: !column.notNull,
      filled: from === undefined ? undefined : plain(sql`${from} IS NULL`),
    }
  })
}

/** Renders SQL for COPY, which does not support parameters. */
export function plain(statement: SQL): string {
  const { text: rendered, values } = render(statement)
  if (values.length > 0) throw new Error(`A value became a parameter of ${rendered}.`)
  return rendered
}
