import { sql } from 'drizzle-orm'
import { withDeadline } from '../../concurrency/deadline.ts'
import { createFresh } from '../../concurrency/fresh.ts'
import type { Database } from '../../database/database.ts'
import { prepare } from '../../database/prepared.ts'
import { lanes } from '../../loaders/lanes.ts'
import type { Detected } from '../../sipis/detect.ts'
import type { Answer } from '../answer.ts'
import { json } from '../answer.ts'

export type Health = () => Promise<Answer>

const freshMs = 1_000
/** Deadline of the health check statement. The answer has to come within a second, whatever hangs. */
const timeoutMs = 700
const ping = prepare(sql`SELECT 1`, lanes.health)({})

/**
 * Responds 200 with the schema version if the database is reachable, 503 otherwise. The result is cached for a second, because the
 * endpoint is public.
 */
export function createHealth(database: Database, detected: () => Detected): Health {
  const isReachable = createFresh(freshMs, () => {
    const answer = database.query(ping, AbortSignal.timeout(timeoutMs))
    return withDeadline(answer, { signal: undefined, timeoutMs }).then(
      () => true,
      () => false,
    )
  })
  return async () =>
    (await isReachable())
      ? json(200, { status: 'ok', schemaVersion: detected().version })
      : json(503, { status: 'unavailable' }, { 'retry-after': '5' })
}
