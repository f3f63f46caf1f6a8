import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { Projection, SelectorRow } from '../sipis/projection.ts'
import { batched, grouped } from './batched.ts'
import { lanes } from './lanes.ts'
import { createStatements } from './statements.ts'
import { isInTime } from './statistics/push-test-stats.ts'

/** Whether pushes to a selector arrive, as far as stored rows tell. */
export interface PushHealth {
  readonly tokens: number
  readonly newestToken: string | null
  readonly testsSent: number
  readonly testsConcluded: number
  readonly testsInTime: number
}

export interface PushHealthQuery {
  readonly owner: SelectorRow
  /** How many of the newest push tests count. */
  readonly tests: number
  readonly inTimeMs: number
}

export type PushHealthLoader = (query: PushHealthQuery) => Promise<PushHealth>

/** Prepares the statement once per projection; the returned function creates the loader of one operation. */
export function preparePushHealth({
  tokens,
  pushTests,
  keyArray,
}: Projection): (database: Database) => PushHealthLoader {
  const lookUps = createStatements(lanes.messages)
  const newestFirst = sql.join(
    pushTests.order.map((column) => sql`${column.sql} DESC`),
    sql`, `,
  )
  const { started, concluded } = pushTests.columns
  const statement = () => sql`SELECT k.n, t.*, p.* FROM unnest(${sql.placeholder('keys')}::${keyArray},
        ${sql.placeholder('tests')}::int[], ${sql.placeholder('inTimes')}::int[]) WITH ORDINALITY AS k(key, tests, "inTimeMs", n)
    CROSS JOIN LATERAL (SELECT count(*), max(${tokens.columns.lastSeen.sql}) FROM ${tokens.table} WHERE ${tokens.ofKey(sql`k.key`)}) AS t
    CROSS JOIN LATERAL (SELECT count(*), count(concluded), count(*) FILTER (WHERE ${isInTime(sql`k."inTimeMs"`)}) FROM (
      SELECT ${started.sql} AS started, ${concluded.sql} AS concluded FROM ${pushTests.table}
      WHERE ${pushTests.ofKey(sql`k.key`)} ORDER BY ${newestFirst} LIMIT k.tests) AS newest) AS p`
  return (database) =>
    batched<PushHealthQuery, PushHealth>(
      ({ owner, tests, inTimeMs }) => JSON.stringify([owner.key, tests, inTimeMs]),
      async (queries) => {
        const values = {
          keys: queries.map(({ owner }) => owner.key),
          tests: queries.map(({ tests }) => tests),
          inTimes: queries.map(({ inTimeMs }) => inTimeMs),
        }
        const found = await database.query(lookUps('push health', [], values, statement))
        return grouped(found, queries.length, 0).map(([row]) => {
          const [, count, newestToken = null, testsSent, testsConcluded, testsInTime] = row ?? []
          return {
            newestToken,
            tokens: Number(count),
            testsSent: Number(testsSent),
            testsConcluded: Number(testsConcluded),
            testsInTime: Number(testsInTime),
          }
        })
      },
    )
}
