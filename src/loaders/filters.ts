import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { CallRow, Columns, MessageRow, PeerColumns, PushTestRow } from '../versions/projection.ts'

/** Instants are RFC 3339 texts; since is inclusive, until is exclusive. */
interface Period {
  readonly since?: string | null | undefined
  readonly until?: string | null | undefined
}

export interface CallFilter extends Period {
  /** The database's words for the reasons; `null` stands for every word that is not known. */
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

export function callConditions(columns: Columns<CallRow>, filter: CallFilter, knownReasons: readonly string[]): SQL[] {
  const found = [...inPeriod(columns.time.sql, filter), ...ofPeer(columns, filter.callerUsername, filter.callerDomain)]
  if (filter.missedReason != null) {
    const reason = columns.missedReason.sql
    const words = filter.missedReason.filter((word) => word !== null)
    const named = sql`${reason} = ANY(${sql.param(words)}::text[])`
    const unknown = sql`${reason} <> ALL(${sql.param([...knownReasons])}::text[])`
    found.push(filter.missedReason.includes(null) ? sql`(${named} OR ${unknown})` : named)
  }
  return found
}

export function messageConditions(columns: Columns<MessageRow>, filter: MessageFilter): SQL[] {
  return [
    ...inPeriod(columns.time.sql, filter),
    ...ofPeer(columns, filter.senderUsername, filter.senderDomain),
    ...equal(columns.contentType.sql, filter.contentType),
  ]
}

export function pushTestConditions(columns: Columns<PushTestRow>, filter: PushTestFilter): SQL[] {
  const found = [...inPeriod(columns.started.sql, filter), ...equal(columns.platform.sql, filter.platform)]
  if (filter.concluded != null) {
    const state = sql.raw(filter.concluded ? 'IS NOT NULL' : 'IS NULL')
    found.push(sql`${columns.concluded.sql} ${state}`)
  }
  return found
}

function inPeriod(time: SQL, { since, until }: Period): SQL[] {
  const found: SQL[] = []
  if (since != null) found.push(sql`${time} >= ${since}::timestamptz`)
  if (until != null) found.push(sql`${time} < ${until}::timestamptz`)
  return found
}

function ofPeer(
  columns: Columns<PeerColumns>,
  username: string | null | undefined,
  domain: string | null | undefined,
): SQL[] {
  return [...equal(columns.username.sql, username), ...equal(columns.domain.sql, domain)]
}

function equal(column: SQL, value: string | null | undefined): SQL[] {
  return value == null ? [] : [sql`${column} = ${value}`]
}
