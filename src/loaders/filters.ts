import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { CallRow, Columns, MessageRow, PeerColumns, PushTestRows, TokenRows } from '../sipis/projection.ts'
import { BadInput } from './bad-input.ts'
import type { Condition } from './condition.ts'
import { conditionOn, literalPattern } from './condition.ts'

/** RFC 3339 date-times; since is inclusive, until is exclusive. */
interface Period {
  readonly since?: string | null | undefined
  readonly until?: string | null | undefined
}

export interface PeerFilter {
  readonly username?: string | null | undefined
  readonly usernameEndsWith?: string | null | undefined
  readonly domain?: string | null | undefined
}

export interface CallFilter extends Period {
  /** Reasons as stored in the database; null matches every unknown reason. */
  readonly missedReasons?: readonly (string | null)[] | null | undefined
  readonly caller?: PeerFilter | null | undefined
  readonly callId?: string | null | undefined
}

export interface MessageFilter extends Period {
  readonly contentType?: string | null | undefined
  readonly sender?: PeerFilter | null | undefined
}

export interface PushTestFilter extends Period {
  readonly platform?: string | null | undefined
  readonly isConcluded?: boolean | null | undefined
  readonly selectorName?: string | null | undefined
}

export interface TokenFilter {
  readonly appId?: string | null | undefined
  readonly lastSeenUntil?: string | null | undefined
  readonly neverSeen?: boolean | null | undefined
  readonly fingerprint?: string | null | undefined
}

export function callConditions(
  columns: Columns<CallRow>,
  { missedReasons, caller, callId, ...filter }: CallFilter,
  knownReasons: readonly string[],
): Condition[] {
  return [
    ...inPeriod(columns.time.sql, filter),
    ...ofPeer(columns, 'caller', caller),
    ...conditionOn('callId', callId, equals(columns.callId.sql)),
    ...ofReasons(columns.missedReasonText.sql, missedReasons, knownReasons),
  ]
}

function ofReasons(reason: SQL, wanted: CallFilter['missedReasons'], knownReasons: readonly string[]): Condition[] {
  if (wanted == null) return []
  const words = wanted.filter((word) => word !== null)
  if (!wanted.includes(null)) return conditionOn('reasons', words, (value) => sql`${reason} = ANY(${value}::text[])`)
  const unknown = sql`${reason} <> ALL(${sql.param([...knownReasons])}::text[])`
  return conditionOn('reasonsAndUnknown', words, (value) => sql`(${reason} = ANY(${value}::text[]) OR ${unknown})`)
}

export function messageConditions(columns: Columns<MessageRow>, filter: MessageFilter): Condition[] {
  return [
    ...inPeriod(columns.time.sql, filter),
    ...ofPeer(columns, 'sender', filter.sender),
    ...conditionOn('contentType', filter.contentType, equals(columns.contentType.sql)),
  ]
}

export function pushTestConditions(
  { columns: { started, platform, concluded }, ofName }: PushTestRows,
  filter: PushTestFilter,
): Condition[] {
  const conditions = [
    ...inPeriod(started.sql, filter),
    ...conditionOn('platform', filter.platform, equals(platform.sql)),
    ...conditionOn('selectorName', filter.selectorName, ofName),
  ]
  if (filter.isConcluded == null) return conditions
  const state = filter.isConcluded ? 'IS NOT NULL' : 'IS NULL'
  return [...conditions, { shape: state, compose: () => sql`${concluded.sql} ${sql.raw(state)}`, values: {} }]
}

export function tokenConditions(tokens: TokenRows, filter: TokenFilter): Condition[] {
  const { appId, lastSeen } = tokens.columns
  const conditions = [
    ...conditionOn('appId', filter.appId, equals(appId.sql)),
    ...conditionOn('lastSeenUntil', filter.lastSeenUntil, (value) => sql`${lastSeen.sql} < ${value}::timestamptz`),
    ...hasFingerprint(tokens, filter.fingerprint, 'fingerprint'),
  ]
  if (filter.neverSeen == null) return conditions
  const state = filter.neverSeen ? 'IS NULL' : 'IS NOT NULL'
  return [
    ...conditions,
    { shape: `lastSeen ${state}`, compose: () => sql`${lastSeen.sql} ${sql.raw(state)}`, values: {} },
  ]
}

/**
 * The fingerprint of a token, or its whole SHA-256.
 *
 * @throws BadInput if it is neither
 */
export function hasFingerprint(
  { sha256, columns }: TokenRows,
  given: string | null | undefined,
  name: string,
): Condition[] {
  if (given == null) return []
  const digits = given.trim().toLowerCase()
  if (!/^([0-9a-f]{16}|[0-9a-f]{64})$/.test(digits))
    throw new BadInput('A fingerprint has 16 hexadecimal digits, or 64 as the whole SHA-256.', ['filter', name])
  const isWhole = digits.length === 64
  const conditions = conditionOn(name, digits, equals(isWhole ? sha256 : columns.fingerprint.sql))
  return conditions.map((condition) => ({ ...condition, shape: `${name} ${isWhole ? 'whole' : 'first'}` }))
}

function inPeriod(time: SQL, { since, until }: Period): Condition[] {
  return [
    ...conditionOn('since', since, (value) => sql`${time} >= ${value}::timestamptz`),
    ...conditionOn('until', until, (value) => sql`${time} < ${value}::timestamptz`),
  ]
}

export function ofPeer(
  columns: Columns<PeerColumns>,
  peer: 'caller' | 'sender' | 'calledBy',
  filter: PeerFilter | null | undefined,
): Condition[] {
  const { username, usernameEndsWith, domain } = filter ?? {}
  const on = (name: keyof PeerFilter, value: unknown, of: (value: SQL) => SQL) =>
    conditionOn(name, value, of, ['filter', peer, name])
  return [
    ...on('username', username, equals(columns.username.sql)),
    ...on('usernameEndsWith', ending(usernameEndsWith), (value) => sql`${columns.username.sql} LIKE ${value}`),
    // In the collation C only ASCII letters have a case, whatever the locale of the database says of i and I.
    ...on(
      'domain',
      domain,
      (value) => sql`lower(${columns.domain.sql} COLLATE "C") = lower(${value}::text COLLATE "C")`,
    ),
  ]
}

function equals(column: SQL): (value: SQL) => SQL {
  return (value) => sql`${column} = ${value}`
}

/** The LIKE pattern of texts that end so; null if every text does. */
function ending(text: string | null | undefined): string | null {
  return text ? `%${literalPattern(text)}` : null
}
