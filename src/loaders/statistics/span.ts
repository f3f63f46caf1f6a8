import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { BadInput } from '../bad-input.ts'

/** A time range, inclusive and exclusive, in PostgreSQL's input format. */
export interface Span {
  readonly since: string
  readonly until: string
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
export const mostDays = 31

/** @throws BadInput if it is empty or longer than the most */
export function checkSpan({ since, until }: Span): void {
  const ms = lengthOf({ since, until })
  if (!(ms > 0)) throw new BadInput('until must be later than since.', ['until'])
  if (ms > mostDays * dayMs)
    throw new BadInput(`since and until are more than ${mostDays} days apart. Ask for shorter spans.`, ['since'])
}

/** Milliseconds; NaN for a leap second. */
export function lengthOf({ since, until }: Span): number {
  return Date.parse(until) - Date.parse(since)
}

/** In words, rounded down; at least an hour. */
export function spanOf(ms: number): string {
  const hours = Math.max(1, Math.floor(ms / hourMs))
  return hours < 48 ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.floor(hours / 24)} days`
}

/** A condition on instants, with the values of `spanValues`. */
export function withinSpan(time: SQL): SQL {
  return sql`${time} >= ${sql.placeholder('spanSince')}::timestamptz AND ${time} < ${sql.placeholder('spanUntil')}::timestamptz`
}

/** Named apart from those of a filter. */
export function spanValues({ since, until }: Span) {
  return { spanSince: since, spanUntil: until }
}
