import type { SQL, SQLWrapper } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Statement, Values } from '../../database/database.ts'
import type { Projection, PushTestRows } from '../../sipis/projection.ts'
import { createStatements } from '../statements.ts'
import type { Bucket } from './buckets.ts'
import type { Span } from './span.ts'
import { spanValues, withinSpan } from './span.ts'

export type PushTestGroup = 'PLATFORM' | 'APP'

export interface PushTestCounting {
  /** Sorted, each once. */
  readonly groups: readonly PushTestGroup[]
  readonly bucket: Bucket | undefined
  readonly starts: readonly string[]
  readonly span: Span
  readonly inTimeMs: number
  /** Groups that are counted by themselves; the largest. */
  readonly first: number
}

export interface PushTestCounts {
  readonly counts: readonly PushTestCount[]
  /** Push tests of the groups beyond `first`, with each group that a push test is in. */
  readonly otherCount: number
}

export interface PushTestCount {
  /** Place of its bucket, from 0. */
  readonly bucket: number
  /** Equal for equal groups. Their texts may look the same and have other bytes. */
  readonly group: number
  readonly platform: string
  readonly appId: string
  readonly sent: number
  readonly concluded: number
  readonly concludedInTime: number
  readonly pending: number
  /** Percentiles of the latency in milliseconds; null if nothing was concluded. */
  readonly latency: readonly number[] | null
}

const percentiles = [0.5, 0.9, 0.95, 0.99] as const

/**
 * Counts push tests by groups and buckets. A push test counts once for each app of its selector. Columns: bucket, platform, app, sent,
 * concluded, in time, pending, percentiles, place of the group; the last row has the number of the others and a null bucket.
 */
export function preparePushTestCounts({ pushTests, tokens }: Projection): (counting: PushTestCounting) => Statement {
  const statements = createStatements()
  const times = comparableTimes(pushTests)
  const isPending = sql`concluded IS NULL AND started > (SELECT ${times.of(sql`(now() - ${interval(inTimeMs)})`)})`
  const compose = ({ groups, bucket }: PushTestCounting): SQL => {
    const place = bucket === undefined ? sql`1` : sql`width_bucket(started, ${times.ofEach(sql.placeholder('starts'))})`
    const byPlatform = groups.includes('PLATFORM') ? sql`platform` : sql`''::text`
    const byApp = groups.includes('APP') ? sql`coalesce(apps.app, '')` : sql`''::text`
    const apps = groups.includes('APP')
      ? sql`LEFT JOIN (SELECT DISTINCT ${tokens.link} AS key, ${tokens.columns.appId.sql} AS app FROM ${tokens.table}) AS apps USING (key)`
      : sql``
    const counted = sql`SELECT ${place} AS bucket, ${byPlatform} AS platform, ${byApp} AS app, count(*) AS sent, count(concluded) AS concluded,
        count(*) FILTER (WHERE ms <= ${inTimeMs}) AS "inTime", count(*) FILTER (WHERE ${isPending}) AS pending,
        percentile_cont(ARRAY[${sql.raw(percentiles.join())}]) WITHIN GROUP (ORDER BY ms)::text AS latency
      FROM (SELECT *, ${latencyMs(times.type)} AS ms FROM (
        SELECT ${pushTests.link} AS key, ${pushTests.columns.platform.sql} AS platform, ${times.started} AS started, ${times.concluded} AS concluded
        FROM ${pushTests.table} WHERE ${startedInSpan(pushTests)}) AS tests OFFSET 0) AS tests ${apps}
      GROUP BY 1, 2, 3`
    const first = sql`${sql.placeholder('first')}::int`
    return sql`WITH counted AS (${counted}),
      sized AS (SELECT *, sum(sent) OVER (PARTITION BY platform, app) AS size FROM counted),
      ranked AS (SELECT *, dense_rank() OVER (ORDER BY size DESC, platform COLLATE "C", app COLLATE "C") AS place FROM sized)
      SELECT bucket, platform, app, sent, concluded, "inTime", pending, latency, place FROM ranked WHERE place <= ${first}
      UNION ALL SELECT NULL, NULL, NULL, sum(sent), NULL, NULL, NULL, NULL, NULL FROM ranked WHERE place > ${first}`
  }
  return (counting) => {
    const { groups, bucket, starts, span, inTimeMs, first } = counting
    const values = { starts, ...spanValues(span), inTimeMs, first }
    return statements([groups.join(), bucket].join(' '), [], values, () => compose(counting))
  }
}

const inTimeMs = sql`${sql.placeholder('inTimeMs')}::int`
const interval = (ms: SQL) => sql`(${ms} * interval '1 millisecond')`

/**
 * Times of push tests between which time passes as it is stored: instants, or the stored times themselves where clocks never change, because
 * converting both to instants takes as long as counting them.
 */
function comparableTimes({ columns, concludedLocal, clocksChange, localOf }: PushTestRows) {
  const instants = (texts: SQLWrapper) => sql`${texts}::timestamptz[]`
  if (clocksChange)
    return {
      type: 'timestamptz',
      started: columns.started.sql,
      concluded: columns.concluded.sql,
      of: (instant: SQL) => instant,
      ofEach: instants,
    } as const
  return {
    type: 'timestamp',
    started: columns.startedLocal.sql,
    concluded: concludedLocal,
    of: localOf,
    ofEach: (texts: SQLWrapper) =>
      sql`ARRAY(SELECT ${localOf(sql`instant`)} FROM unnest(${instants(texts)}) AS instant)`,
  } as const
}

type TimeType = 'timestamp' | 'timestamptz'

/**
 * The last time that the API shows, in UTC. Later ones, such as infinity, tell no latency, and adding to the last of PostgreSQL fails the
 * statement.
 */
const latest = '9999-12-31 23:59:59.999999'
const hasLatency = (type: TimeType) =>
  sql`concluded BETWEEN started AND ${sql.raw(type === 'timestamp' ? `timestamp '${latest}'` : `timestamptz '${latest}+00'`)} AND isfinite(started)`

/** A condition on the columns `started` and `concluded`, which are instants. A device whose clock is behind seems to conclude before the start. */
export function isInTime(ms: SQL): SQL {
  return sql`CASE WHEN ${hasLatency('timestamptz')} THEN concluded <= started + ${interval(ms)} END`
}

/** date_part computes with floats; since PostgreSQL 14, extract does with decimals, which takes several times as long. */
const latencyMs = (type: TimeType) =>
  sql`CASE WHEN ${hasLatency(type)} THEN date_part('epoch', concluded - started) * 1000 END`

/**
 * SIPIS stores local times without a zone, which an index orders. Where clocks are put back, an hour of them stands for two, so the first
 * conditions take in some hours more.
 */
export function startedInSpan({ columns: { started, startedLocal }, localOf, clocksChange }: PushTestRows): SQL {
  const bound = (name: string) => localOf(sql`${sql.placeholder(name)}::timestamptz`)
  if (!clocksChange)
    return sql`${startedLocal.sql} >= ${bound('spanSince')} AND ${startedLocal.sql} < ${bound('spanUntil')}`
  return sql`${startedLocal.sql} >= ${bound('spanSince')} - interval '3 hours'
    AND ${startedLocal.sql} < ${bound('spanUntil')} + interval '3 hours' AND ${withinSpan(started.sql)}`
}

export function pushTestCountsOf(rows: readonly Values[]): PushTestCounts {
  const others = rows.find(([bucket]) => bucket === null)
  const counts = rows.filter(([bucket]) => bucket !== null).map(pushTestCountOf)
  return { counts, otherCount: Number(others?.[3] ?? 0) }
}

function pushTestCountOf(row: Values): PushTestCount {
  const [bucket, platform, appId, sent, concluded, concludedInTime, pending, latency, group] = row
  return {
    bucket: Number(bucket) - 1,
    group: Number(group),
    platform: platform ?? '',
    appId: appId ?? '',
    sent: Number(sent),
    concluded: Number(concluded),
    concludedInTime: Number(concludedInTime),
    pending: Number(pending),
    latency: latency == null ? null : numbersOf(latency),
  }
}

/** An array of numbers as PostgreSQL prints it; null if it has nulls. */
function numbersOf(text: string): number[] | null {
  const numbers = text.slice(1, -1).split(',').map(Number)
  return numbers.some(Number.isNaN) ? null : numbers
}
