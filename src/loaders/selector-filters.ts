import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Projection, SelectorRows } from '../sipis/projection.ts'
import type { Condition } from './condition.ts'
import { conditionOn, literalPattern, where } from './condition.ts'
import type { PeerFilter } from './filters.ts'
import { hasFingerprint, ofPeer } from './filters.ts'
import { isInstallationOf } from './installations.ts'

export interface SelectorFilter {
  readonly prefix?: string | null | undefined
  readonly suffix?: string | null | undefined
  readonly appId?: string | null | undefined
  readonly lastSeenSince?: string | null | undefined
  readonly lastSeenUntil?: string | null | undefined
  /** Names are those that the caller may read: these conditions tell whether a value is right. */
  readonly settings?: readonly { readonly name: string; readonly value: string }[] | null | undefined
  readonly installationsOf?: string | null | undefined
  /** Only for a database that has servers. */
  readonly server?: string | null | undefined
  readonly hasToken?: boolean | null | undefined
  readonly tokenFingerprint?: string | null | undefined
  readonly unansweredPushTests?: number | null | undefined
  readonly calledBy?: (PeerFilter & { readonly since: string }) | null | undefined
}

export function selectorConditions(projection: Projection, filter: SelectorFilter): Condition[] {
  const { selectors, tokens } = projection
  const { lastSeen } = selectors.columns
  const { prefix, suffix, appId, lastSeenSince, lastSeenUntil, installationsOf } = filter
  return [
    ...startsWith(selectors, prefix),
    // SIPIS indexes the suffix including its colon, which callers may omit.
    ...conditionOn('suffix', suffix?.replace(/^:?/, ':'), (value) => sql`${selectors.suffix} = ${value}`),
    ...conditionOn('appId', appId, (value) => {
      const ofApp = sql`${tokens.ofSelector} AND ${tokens.columns.appId.sql} = ${value}`
      return sql`EXISTS (SELECT FROM ${tokens.table} WHERE ${ofApp})`
    }),
    ...conditionOn('lastSeenSince', lastSeenSince, (value) => sql`${lastSeen.sql} >= ${value}::timestamptz`),
    ...conditionOn('lastSeenUntil', lastSeenUntil, (value) => sql`${lastSeen.sql} < ${value}::timestamptz`),
    ...anyOf('installationsOf', withoutBlanks(installationsOf), (value) => isInstallationOf(selectors, value)),
    ...hasSettings(projection, filter.settings),
    ...runsOn(projection, filter.server),
    ...hasToken(projection, filter),
    ...hasUnanswered(projection, filter.unansweredPushTests),
    ...wasCalledBy(projection, filter.calledBy),
  ]
}

function startsWith({ columns }: SelectorRows, prefix: string | null | undefined): Condition[] {
  const patterns = prefixesOf(prefix).map((text) => `${literalPattern(text)}%`)
  return anyOf('prefix', patterns, (value) => sql`${columns.selector.sql} LIKE ${value}`)
}

const hexadecimal = /^[0-9a-f]{1,40}$|^[0-9a-f]{40}:[0-9a-f]*$/i

/** What a prefix may mean: as it is, without blanks around it, and with its digits in upper case, as SIPIS has them. */
function prefixesOf(prefix: string | null | undefined): string[] {
  const given = withoutBlanks(prefix)
  const upper = given.filter((text) => hexadecimal.test(text)).map((text) => text.toUpperCase())
  return [...new Set([...given, ...upper])]
}

/** The text, and the text without blanks around it unless nothing is left. */
function withoutBlanks(text: string | null | undefined): string[] {
  if (text == null) return []
  const trimmed = text.trim()
  return trimmed === '' || trimmed === text ? [text] : [text, trimmed]
}

/** A condition on each value, one of which has to hold; no condition if there is no value. */
function anyOf(name: string, values: readonly string[], of: (placeholder: SQL) => SQL): Condition[] {
  const all = values.flatMap((value, n) => conditionOn(`${name}${n}`, value, of, ['filter', name]))
  if (all.length === 0) return []
  return [
    {
      shape: `${name} ${all.length}`,
      compose: () => {
        const parts = all.map((condition) => sql`(${condition.compose()})`)
        return sql`(${sql.join(parts, sql` OR `)})`
      },
      values: Object.assign({}, ...all.map((condition) => condition.values)),
    },
  ]
}

/** The newest entry of each name has to have the value. That any entry has it is what finds the few selectors to look at. */
function hasSettings({ settings }: Projection, wanted: SelectorFilter['settings']): Condition[] {
  if (wanted?.length === 0) return [{ shape: 'noSettings', compose: () => sql`false`, values: {} }]
  const { name, value } = settings.columns
  return (wanted ?? []).flatMap((setting, n) => {
    const at = (field: string) => ['filter', 'settings', String(n), field]
    return conditionOn(`settingName${n}`, setting.name, (ofName) => ofName, at('name')).flatMap((named) =>
      conditionOn(
        `settingValue${n}`,
        setting.value,
        (ofValue) => {
          const entries = sql`${settings.table} WHERE ${settings.ofSelector} AND ${name.sql} = ${named.compose()}`
          return sql`EXISTS (SELECT FROM ${entries} AND ${value.sql} = ${ofValue})
            AND (SELECT ${newest(value.sql, settings.rowid)} FROM ${entries}) = ${ofValue}`
        },
        at('value'),
      ).map((condition) => ({ ...condition, values: { ...condition.values, ...named.values } })),
    )
  })
}

function runsOn({ servers }: Projection, server: string | null | undefined): Condition[] {
  return conditionOn('server', server, (value) => {
    const entries = sql`${servers.table} WHERE ${servers.ofSelector} AND ${servers.isServer}`
    const own = servers.columns.server.sql
    return sql`EXISTS (SELECT FROM ${entries} AND ${own} = ${value})
      AND (SELECT ${newest(own, servers.rowid)} FROM ${entries}) = ${value}`
  })
}

/** Not by LIMIT, for which PostgreSQL may walk all rows along the index of rowid. */
function newest(value: SQL, rowid: SQL): SQL {
  return sql`(array_agg(${value} ORDER BY ${rowid} DESC))[1]`
}

function hasToken({ tokens }: Projection, filter: SelectorFilter): Condition[] {
  const ofToken = hasFingerprint(tokens, filter.tokenFingerprint, 'tokenFingerprint').map((condition) => ({
    ...condition,
    compose: () => sql`EXISTS (SELECT FROM ${tokens.table} WHERE ${tokens.ofSelector} AND ${condition.compose()})`,
  }))
  if (filter.hasToken == null) return ofToken
  const exists = filter.hasToken ? 'EXISTS' : 'NOT EXISTS'
  const compose = () => sql`${sql.raw(exists)} (SELECT FROM ${tokens.table} WHERE ${tokens.ofSelector})`
  return [...ofToken, { shape: `hasToken ${filter.hasToken}`, compose, values: {} }]
}

/**
 * Push tests without an answer that started after the last one with an answer, or all if there is none. One pass over all push tests, which
 * takes a half to a quarter of the time of looking at those of each selector. The subqueries have the name of the table, so that its columns keep theirs.
 */
function hasUnanswered({ pushTests }: Projection, number: number | null | undefined): Condition[] {
  return conditionOn('unansweredPushTests', number, (value) => {
    const { table, name, link, ofSelector, columns, byInstant } = pushTests
    const started = byInstant[0]?.sql ?? columns.started.sql
    const concluded = columns.concluded.sql
    const all = sql`SELECT ${link}, ${concluded} AS answer, ${started} AS time,
      max(${started}) FILTER (WHERE ${concluded} IS NOT NULL) OVER (PARTITION BY ${link}) AS answered FROM ${table}`
    const silent = sql`SELECT ${link} FROM (${all}) AS ${name}
      WHERE answer IS NULL AND coalesce(time > answered, true) GROUP BY ${link} HAVING count(*) >= ${value}::bigint`
    return sql`EXISTS (SELECT FROM (${silent}) AS ${name} WHERE ${ofSelector})`
  })
}

function wasCalledBy({ calls }: Projection, caller: SelectorFilter['calledBy']): Condition[] {
  if (caller == null) return []
  const { columns, table, ofSelector } = calls
  const conditions = [
    ...conditionOn('calledSince', caller.since, (value) => sql`${columns.time.sql} >= ${value}::timestamptz`),
    ...ofPeer(columns, 'calledBy', caller),
  ]
  return [
    {
      shape: ['calledBy', ...conditions.map(({ shape }) => shape)].join(' '),
      compose: () => sql`EXISTS (SELECT FROM ${table} WHERE ${where(conditions, ofSelector)})`,
      values: Object.assign({}, ...conditions.map(({ values }) => values)),
    },
  ]
}
