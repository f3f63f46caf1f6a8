import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { CallRow, Columns, MessageRow, PeerColumns, PushTestRow } from '../sipis/projection.ts'
import type { Condition } from './condition.ts'
import { conditionOn } from './condition.ts'

/** RFC 3339 date-times; since is inclusive, until is exclusive. */
interface Period {
  readonly since?: string | null | undefined
  readonly until?: string | null | undefined
}

export interface CallFilter extends Period {
  /** Reasons as stored in the database; null matches every unknown reason. */
  readonly missedReason?: readonly (string | null)[] | null | undefined
  readonly callerUsername?: string | null | undefined
  readonly callerDomain?: string | null | undefined
}

export interface MessageFilter extends Period {
  readonly contentType?: string | null | undefined
  readonly senderUsername?: string | null | undefined
  readonly senderDomain?: string | null | undefined
}

export interface PushTestFilter extends Period {
  readonly platform?: string | null | undefined
  readonly concluded?: boolean | null | undefined
}

export function callConditions(
  columns: Columns<CallRow>,
  { missedReason, ...filter }: CallFilter,
  knownReasons: readonly string[],
): Condition[] {
  return [
    ...inPeriod(columns.time.sql, filter),
    ...ofPeer(columns, filter.callerUsername, filter.callerDomain),
    ...ofReasons(columns.missedReason.sql, missedReason, knownReasons),
  ]
}

function ofReasons(reason: SQL, wanted: CallFilter['missedReason'], knownReasons: readonly string[]): Condition[] {
  if (wanted == null) return []
  const words = wanted.filter((word) => word !== null)
  if (!wanted.includes(null)) return conditionOn('reasons', words, (value) => sql`${reason} = ANY(${value}::text[])`)
  const unknown = sql`${reason} <> ALL(${sql.param([...knownReasons])}::text[])`
  return conditionOn('reasonsAndUnknown', words, (value) => sql`(${reason} = ANY(${value}::text[]) OR ${unknown})`)
}

export function messageConditions(columns: Columns<MessageRow>, filter: MessageFilter): Condition[] {
  return [
    ...inPeriod(columns.time.sql, filter),
    ...ofPeer(columns, filter.senderUsername, filter.senderDomain),
    ...conditionOn('contentType', filter.contentType, equals(columns.contentType.sql)),
  ]
}

export function pushTestConditions(
  { started, platform, concluded }: Columns<PushTestRow>,
  filter: PushTestFilter,
): Condition[] {
  const conditions = [
    ...inPeriod(started.sql, filter),
    ...conditionOn('platform', filter.platform, equals(platform.sql)),
  ]
  if (filter.concluded == null) return conditions
  const state = filter.concluded ? 'IS NOT NULL' : 'IS NULL'
  return [...conditions, { shape: state, sql: sql`${concluded.sql} ${sql.raw(state)}`, values: {} }]
}

function inPeriod(time: SQL, { since, until }: Period): Condition[] {
  return [
    ...conditionOn('since', since, (value) => sql`${time} >= ${value}::timestamptz`),
    ...conditionOn('until', until, (value) => sql`${time} < ${value}::timestamptz`),
  ]
}

function ofPeer(
  columns: Columns<PeerColumns>,
  username: string | null | undefined,
  domain: string | null | undefined,
): Condition[] {
  return [
    ...conditionOn('username', username, equals(columns.username.sql)),
    // In the collation C only ASCII letters have a case, whatever the locale of the database says of i and I.
    ...conditionOn(
      'domain',
      domain,
      (value) => sql`lower(${columns.domain.sql} COLLATE "C") = lower(${value}::text COLLATE "C")`,
    ),
  ]
}

function equals(column: SQL): (value: SQL) => SQL {
  return (value) => sql`${column} = ${value}`
}
