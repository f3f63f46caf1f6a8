import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import { prepare } from '../../database/prepared.ts'
import { lanes } from '../../loaders/lanes.ts'
import type { Detected } from '../../sipis/detect.ts'
import type { Answer } from '../answer.ts'
import { json } from '../answer.ts'

export type Health = () => Promise<Answer>

const freshMs = 1_000
/** Deadline of the health check statement. */
const timeoutMs = 1_000
const ping = prepare(sql`SELECT 1`, lanes.health)({})

/**
 * Responds 200 with the schema version if the database is reachable, 503 otherwise. The result is cached for a second, because the
 * endpoint is public.
 */
export function createHealth(database: Database, { version }: Detected): Health {
  let check: Promise<boolean> | undefined
  let checkedAt = 0
  const isReachable = () => {
    if (check === undefined || Date.now() - checkedAt >= freshMs) {
      checkedAt = Date.now()
      check = database.query(ping, AbortSignal.timeout(timeoutMs)).then(
        () => true,
        () => false,
      )
    }
    return check
  }
  return async () =>
    (await isReachable())
      ? json(200, { status: 'ok', schemaVersion: version })
      : json(503, { status: 'unavailable' }, { 'retry-after': '5' })
}
