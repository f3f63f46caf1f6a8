/** Counts rows of the last hour in all of SIPIS's tables, for the metrics. Each count is one bounded statement. */
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { reasonOf, reasonWords } from '../sipis/missed-reason.ts'
import type { Projection } from '../sipis/projection.ts'

/** Rows beyond this are not counted. */
const maxCounted = 100_000

/** Platforms of SIPIS's own clients. Other clients may report any platform. */
const knownPlatforms: readonly string[] = ['iOS', 'Android']

export interface RecentCounts {
  /** Selectors that were seen. */
  selectors(signal: AbortSignal): Promise<number>
  /** Calls by reason; the reason is null if the database does not record reasons. */
  calls(signal: AbortSignal): Promise<{ readonly reason: string | null; readonly count: number }[]>
  /** Seconds until which the archive that the database is has caught up; undefined if it is none, or its state may not be read. */
  archiveLag(signal: AbortSignal): Promise<number | undefined>
  /** Push tests that were started, by platform and whether they are concluded. */
  pushTests(signal: AbortSignal): Promise<PushTestCount[]>
}

interface PushTestCount {
  /** Null if it is not one of SIPIS's own. */
  readonly platform: string | null
  readonly isConcluded: boolean
  readonly count: number
}

const archiveState = 'sipis_gateway.archive_state'
const isArchive = sql`SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = ${archiveState}`
const archiveLag = sql`SELECT extract(epoch FROM now() - coalesce(caught_up_at, begun_at)) FROM ${sql.raw(archiveState)}`

const anHourAgo = sql`(now() - interval '1 hour')`

export function createRecentCounts(
  database: Database,
  { selectors, calls, pushTests }: Pick<Projection, 'selectors' | 'calls' | 'pushTests'>,
): RecentCounts {
  const seen = sql`SELECT count(*) FROM (SELECT FROM ${selectors.table}
    WHERE ${selectors.columns.lastSeen.sql} >= ${anHourAgo} AND ${selectors.exists} LIMIT ${limit}) AS seen`
  const reason = knownOr(calls.columns.missedReasonText.sql, Object.values(reasonWords))
  const byReason = sql`SELECT reason, count(*) FROM (SELECT ${reason} AS reason FROM ${calls.table}
    WHERE ${calls.columns.time.sql} >= ${anHourAgo} LIMIT ${limit}) AS recent GROUP BY reason`
  const { platform, concluded, started, startedLocal } = pushTests.columns
  // An index on the stored time answers the first condition, which takes in some hours for clocks that are put back.
  const byPlatform = sql`SELECT platform, concluded, count(*) FROM (
    SELECT ${knownOr(platform.sql, knownPlatforms)} AS platform, ${concluded.sql} IS NOT NULL AS concluded
    FROM ${pushTests.table} WHERE ${startedLocal.sql} >= ${pushTests.localOf(anHourAgo)} - interval '3 hours'
    AND ${started.sql} >= ${anHourAgo} LIMIT ${limit}) AS recent GROUP BY platform, concluded`

  return {
    async selectors(signal) {
      const [[count = null] = []] = await database.query(seen, signal)
      return Number(count)
    },
    calls: async (signal) =>
      (await database.query(byReason, signal)).map(([word = null, count = null]) => ({
        reason: reasonOf(word),
        count: Number(count),
      })),
    async archiveLag(signal) {
      const [[isReadable = null] = []] = await database.query(isArchive, signal)
      if (isReadable !== 't') return undefined
      const [[lag = null] = []] = await database.query(archiveLag, signal)
      return lag === null ? undefined : Number(lag)
    },
    pushTests: async (signal) =>
      (await database.query(byPlatform, signal)).map(([name = null, isConcluded, count = null]) => ({
        platform: knownPlatforms.find((known) => known === name) ?? null,
        isConcluded: isConcluded === 't',
        count: Number(count),
      })),
  }
}

const limit: SQL = sql.raw(String(maxCounted))

/** Maps unknown texts to an empty string, so that the number of groups is bounded. Null stays null. */
function knownOr(text: SQL, known: readonly string[]): SQL {
  return sql`CASE WHEN ${text} <> ALL(${sql.param([...known])}::text[]) THEN '' ELSE ${text} END`
}
