import { sql } from 'drizzle-orm'
import type { Statement, Values } from '../../database/database.ts'
import type { Projection } from '../../sipis/projection.ts'
import { createStatements } from '../statements.ts'

export interface TokenCount {
  readonly appId: string
  readonly count: number
  readonly neverSeen: number
  /** One number for each bound. */
  readonly older: readonly number[]
}

/** Apps beyond these are left out: the names come from clients. */
export const mostApps = 100

/** Counts push tokens by app, and those that were last seen before each of the bounds. */
export function prepareTokenCounts({ tokens }: Projection): (olderThan: readonly string[]) => Statement {
  const statements = createStatements()
  const { appId, lastSeen } = tokens.columns
  return (olderThan) => {
    const bounds = olderThan.map((_, place) => `bound${place}`)
    const values = Object.fromEntries(olderThan.map((bound, place) => [`bound${place}`, bound]))
    return statements(`tokens ${bounds.length}`, [], values, () => {
      const older = bounds.map(
        (name) => sql`, count(*) FILTER (WHERE ${lastSeen.sql} < ${sql.placeholder(name)}::timestamptz)`,
      )
      return sql`SELECT ${appId.sql}, count(*), count(*) FILTER (WHERE ${lastSeen.sql} IS NULL) ${sql.join(older)}
        FROM ${tokens.table} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${sql.raw(String(mostApps))}`
    })
  }
}

export function tokenCountsOf(rows: readonly Values[]): TokenCount[] {
  return rows.map(([appId, count, neverSeen, ...older]) => ({
    appId: appId ?? '',
    count: Number(count),
    neverSeen: Number(neverSeen),
    older: older.map(Number),
  }))
}
