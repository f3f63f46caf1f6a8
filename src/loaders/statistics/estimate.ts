import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Statement } from '../../database/database.ts'
import type { Span } from './span.ts'
import { lengthOf, spanOf } from './span.ts'
import type { Read } from './statistics.ts'
import { TooMuchToCount } from './too-much-to-count.ts'

const plans = z.tuple([z.object({ Plan: z.object({ 'Plan Rows': z.number() }) })])

/** Asks the planner how many rows match, which takes it below a millisecond. */
export function explainedRows(table: SQL, matching: SQL): SQL {
  return sql`EXPLAIN (FORMAT JSON) SELECT FROM ${table} WHERE ${matching}`
}

/**
 * Refuses a span with too many rows.
 *
 * @param explain of `explainedRows`
 * @returns the estimate
 * @throws TooMuchToCount with a span that would pass
 */
export async function refuseTooMany(
  read: Read,
  explain: Statement,
  { span, mostRows }: { span: Span; mostRows: number },
): Promise<number> {
  const [[plan = null] = []] = await read(explain)
  const rows = plans.parse(JSON.parse(plan ?? '[]'))[0].Plan['Plan Rows']
  if (rows <= mostRows) return rows
  const passing = spanOf((lengthOf(span) * mostRows) / rows)
  throw new TooMuchToCount(
    `The span has about ${rows} rows; the limit is ${mostRows} (LIMIT_STATISTICS_ROWS). Ask for ${passing} at a time.`,
    { setting: 'LIMIT_STATISTICS_ROWS', limit: mostRows, found: rows },
  )
}
