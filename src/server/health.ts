import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { prepare } from '../database/prepared.ts'
import type { Detected } from '../versions/detect.ts'
import type { Answer } from './answer.ts'
import { json } from './answer.ts'

export type Health = () => Promise<Answer>

const freshMs = 1_000
/** The database counts as down when it takes longer. */
const patienceMs = 1_000
/** A lane of its own is a connection of its own: nothing that callers ask for is in front of it. */
const ping = prepare(sql`SELECT 1`, { lane: 'health' })({})

/**
 * 200 with the schema version while the database answers, 503 otherwise. Anybody may ask, so the database is asked once a
 * second at most.
 */
export function openHealth(database: Database, { version }: Detected): Health {
  let asked: Promise<boolean> | undefined
  let askedAt = 0
  const answers = () => {
    if (asked === undefined || Date.now() - askedAt >= freshMs) {
      askedAt = Date.now()
      asked = database.query(ping, AbortSignal.timeout(patienceMs)).then(
        () => true,
        () => false,
      )
    }
    return asked
  }
  return async () =>
    (await answers())
      ? json(200, { status: 'ok', schemaVersion: version })
      : json(503, { status: 'unavailable' }, { 'retry-after': '5' })
}
