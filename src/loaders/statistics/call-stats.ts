import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Statement, Values } from '../../database/database.ts'
import type { StatementOptions } from '../../database/prepared.ts'
import { reasonWords } from '../../sipis/missed-reason.ts'
import type { Projection } from '../../sipis/projection.ts'
import type { Condition } from '../condition.ts'
import { where } from '../condition.ts'
import { createStatements } from '../statements.ts'
import type { Bucket } from './buckets.ts'
import type { Span } from './span.ts'
import { spanValues, withinSpan } from './span.ts'

/** Groups of calls, besides those of time. */
export type CallGroup = 'REASON' | 'CALLER_DOMAIN' | 'APP'

export interface CallCounting {
  /** Sorted, each once. */
  readonly groups: readonly CallGroup[]
  readonly bucket: Bucket | undefined
  /** Starts of the buckets. */
  readonly starts: readonly string[]
  readonly span: Span
  readonly conditions: readonly Condition[]
  /** Groups that are counted by themselves; the largest. */
  readonly first: number
  /** Keys of the selectors whose calls are counted; undefined for those of all. */
  readonly keys?: readonly string[] | undefined
}

/** A cell of the answer. Empty texts stand for what is not recorded, and for groups that were not asked for. */
export interface CallCount {
  /** Place of its bucket, from 0. */
  readonly bucket: number
  /** Equal for equal groups. Their texts may look the same and have other bytes. */
  readonly group: number
  readonly reason: string
  readonly callerDomain: string
  readonly appId: string
  readonly count: number
}

export interface CallCounts {
  readonly counts: readonly CallCount[]
  /** Calls of the groups beyond `first`, with each group that a call is in. */
  readonly otherCount: number
  readonly totalCount: number
}

/** Word for reasons that the gateway does not know, so that their number is bounded. */
export const unknownReason = '?'

/**
 * Counts calls by groups and buckets, for one selector, for each of several, or for all. A call counts once for each app of its selector,
 * in `total` once. Rows whose selector is gone count as well.
 *
 * Columns: batch number, bucket, reason, domain, app, count, place of the group; the last rows have the total of a batch and a null bucket.
 */
export function prepareCallCounts(
  { calls, tokens, keyArray }: Projection,
  options: StatementOptions = {},
): (counting: CallCounting) => Statement {
  const statements = createStatements(options)
  const time = calls.columns.time.sql
  const known = Object.values(reasonWords)
  const reason = calls.columns.missedReasonText.sql
  const expressions: Readonly<Record<CallGroup, SQL>> = {
    REASON: sql`CASE WHEN ${reason} IS NULL THEN '' WHEN ${reason} = ANY(${sql.param(known)}::text[]) THEN ${reason} ELSE ${unknownReason}::text END`,
    CALLER_DOMAIN: sql`lower(${calls.columns.domain.sql} COLLATE "C")`,
    APP: sql`coalesce(apps.app, '')`,
  }
  const compose = ({ groups, bucket, keys, conditions }: CallCounting): SQL => {
    const of = (group: CallGroup) => (groups.includes(group) ? expressions[group] : sql`''::text`)
    const batch = keys === undefined ? sql`1` : sql`k.n`
    const place =
      bucket === undefined ? sql`1` : sql`width_bucket(${time}, ${sql.placeholder('starts')}::timestamptz[])`
    const isByApp = groups.includes('APP')
    const owned =
      keys === undefined
        ? calls.table
        : sql`unnest(${sql.placeholder('keys')}::${keyArray}) WITH ORDINALITY AS k(key, n) JOIN ${calls.table} ON ${calls.ofKey(sql`k.key`)}`
    const ofKeys =
      keys === undefined
        ? tokens.table
        : sql`unnest(${sql.placeholder('keys')}::${keyArray}) AS k(key) JOIN ${tokens.table} ON ${tokens.ofKey(sql`k.key`)}`
    const apps = sql`(SELECT DISTINCT ${tokens.link} AS key, ${tokens.columns.appId.sql} AS app FROM ${ofKeys}) AS apps`
    const from = isByApp ? sql`${owned} LEFT JOIN ${apps} ON ${calls.link} = apps.key` : owned
    const matching = where(conditions, withinSpan(time))
    // Reading the calls again takes less time than finding out for each app whether it is the first of its selector.
    const total = isByApp
      ? sql`SELECT ${batch} AS batch, count(*) AS n FROM ${owned} WHERE ${matching} GROUP BY 1`
      : sql`SELECT batch, sum(n) AS n FROM counted GROUP BY 1`
    return sql`WITH counted AS (
        SELECT ${batch} AS batch, ${place} AS bucket, ${of('REASON')} AS reason, ${of('CALLER_DOMAIN')} AS domain, ${of('APP')} AS app, count(*) AS n
        FROM ${from} WHERE ${matching} GROUP BY 1, 2, 3, 4, 5),
      ranked AS (
        SELECT *, row_number() OVER (PARTITION BY batch ORDER BY n DESC, reason COLLATE "C", domain COLLATE "C", app COLLATE "C") AS place
        FROM (SELECT batch, reason, domain, app, sum(n) AS n FROM counted GROUP BY 1, 2, 3, 4) AS grouped)
      SELECT c.batch, c.bucket, c.reason, c.domain, c.app, c.n, r.place FROM counted AS c JOIN ranked AS r USING (batch, reason, domain, app)
        WHERE r.place <= ${sql.placeholder('first')}::int
      UNION ALL SELECT batch, NULL, NULL, NULL, 'other', sum(n), NULL FROM ranked WHERE place > ${sql.placeholder('first')}::int GROUP BY 1
      UNION ALL SELECT batch, NULL, NULL, NULL, 'total', n, NULL FROM (${total}) AS total`
  }
  return (counting) => {
    const { groups, bucket, starts, span, conditions, first, keys } = counting
    const shape = [groups.join(), bucket, keys === undefined ? 'all' : 'each'].join(' ')
    return statements(shape, conditions, { starts, ...spanValues(span), first, keys }, () => compose(counting))
  }
}

/** The counts of one batch, without its number. */
export function callCountsOf(rows: readonly Values[]): CallCounts {
  const numberOf = (label: string) =>
    Number(rows.find(([, bucket, , , app]) => bucket === null && app === label)?.[5] ?? 0)
  return {
    counts: rows.flatMap(([, bucket = null, reason, callerDomain, appId, count, group]) =>
      bucket === null
        ? []
        : [
            {
              bucket: Number(bucket) - 1,
              group: Number(group),
              reason: reason ?? '',
              callerDomain: callerDomain ?? '',
              appId: appId ?? '',
              count: Number(count),
            },
          ],
    ),
    otherCount: numberOf('other'),
    totalCount: numberOf('total'),
  }
}
