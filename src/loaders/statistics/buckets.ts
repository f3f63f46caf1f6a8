import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { render } from '../../database/database.ts'
import { BadInput } from '../bad-input.ts'
import type { Span } from './span.ts'
import type { Read } from './statistics.ts'

export type Bucket = 'DAY' | 'HOUR'

/**
 * The starts of the buckets that a span touches, as PostgreSQL prints them; the first one may be before the span. Hours begin as
 * instants, days in a time zone: one of 23 or 25 hours is a day.
 *
 * @throws BadInput if the zone is unknown
 */
export async function bucketsOf(
  read: Read,
  bucket: Bucket | undefined,
  { since, until }: Span,
  timeZone: string,
): Promise<readonly string[]> {
  if (bucket === undefined) return [since]
  checkZone(timeZone)
  const [from, to] = [sql`${since}::timestamptz`, sql`${until}::timestamptz`]
  const starts =
    bucket === 'HOUR'
      ? sql`generate_series(date_trunc('hour', ${from}), ${to}, interval '1 hour')`
      : daysBetween(from, to, sql`${timeZone}::text`)
  const rows = await read(render(sql`SELECT start FROM ${starts} AS starts(start) WHERE start < ${to} ORDER BY start`))
  return rows.map(([start = null]) => String(start))
}

/**
 * Where clocks are put back at one o'clock, midnight comes twice. PostgreSQL takes it for the second one; the day begins with the first, which
 * has the offset of half a day before.
 */
function daysBetween(from: SQL, to: SQL, zone: SQL): SQL {
  return sql`(SELECT CASE WHEN first < second AND first AT TIME ZONE ${zone} >= day THEN first ELSE second END
    FROM generate_series(date_trunc('day', ${from} AT TIME ZONE ${zone}), ${to} AT TIME ZONE ${zone}, interval '1 day') AS day,
      LATERAL (SELECT day AT TIME ZONE ${zone} AS second) AS s, LATERAL (SELECT second - interval '12 hours' AS before) AS b,
      LATERAL (SELECT (day - (before AT TIME ZONE ${zone} - before AT TIME ZONE 'UTC')) AT TIME ZONE 'UTC' AS first) AS f)`
}

/** @throws BadInput if it is no IANA time zone */
function checkZone(timeZone: string): void {
  try {
    // PostgreSQL reads the sign of an offset the other way round.
    if (/^[+-]/.test(timeZone)) throw new RangeError(timeZone)
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    const shown = timeZone.length > 40 ? `${timeZone.slice(0, 40)}…` : timeZone
    throw new BadInput(`"${shown}" is no time zone of the IANA database. Examples: UTC, Europe/Prague.`, ['timeZone'])
  }
}
