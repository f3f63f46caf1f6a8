import { sql } from 'drizzle-orm'
import { withDeadline } from '../../concurrency/deadline.ts'
import type { Database, Statement } from '../../database/database.ts'
import { prepare } from '../../database/prepared.ts'
import { databaseError } from '../../errors/database-error.ts'
import { lanes } from '../../loaders/lanes.ts'
import type { Check } from './ready.ts'

/**
 * A lane that is busy answers late, which is no reason to send requests elsewhere, where they would find the same database. One that
 * has said nothing for so long is silent.
 */
const silentMs = 2_000
/** Less than /ready waits for a check. */
const waitMs = 500

/** A check of each lane and one of the pool: each may have lost its connections while the others have not. */
export function databaseChecks(database: Database): readonly Check[] {
  const ping = sql`SELECT 1`
  return [
    ...Object.values(lanes).map((lane) => createPing(database, `database: ${lane.lane}`, prepare(ping, lane)({}))),
    createPing(database, 'database: pool', prepare(ping)({})),
  ]
}

/** Finds what the last ping found that has ended; one at a time is under way. */
function createPing(database: Database, name: string, statement: Statement): Check {
  let reason: string | undefined
  let running: Promise<void> | undefined
  const ping = async () => {
    try {
      const answer = database.query(statement, AbortSignal.timeout(silentMs))
      await withDeadline(answer, { signal: undefined, timeoutMs: silentMs })
      reason = undefined
    } catch (error) {
      const { failure, code } = databaseError(error)
      reason = failure === 'timeout' || failure === 'slow' ? `silent for ${silentMs / 1000} seconds` : code
    }
    running = undefined
  }
  return {
    name,
    async check() {
      running ??= ping()
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, waitMs))])
      return reason
    },
  }
}
