import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import { prepare } from '../../database/prepared.ts'
import { replicationLagMs } from '../../database/replicas/lag.ts'
import type { Check } from './ready.ts'

const statement = prepare(sql`SELECT ${replicationLagMs}`)({})

/**
 * Tells how far a standby is behind, and finds one not ready that is too far.
 *
 * @param maxLagSeconds undefined for no bound
 */
export function replicationCheck(database: Database, maxLagSeconds: number | undefined): Check {
  let lagMs: number | undefined
  return {
    name: 'replication',
    async check() {
      const [[lag = null] = []] = await database.query(statement, AbortSignal.timeout(500))
      lagMs = lag === null ? undefined : Number(lag)
      if (maxLagSeconds === undefined || lagMs === undefined || lagMs <= maxLagSeconds * 1_000) return undefined
      return `the standby is ${Math.round(lagMs / 1_000)} seconds behind (DATABASE_MAX_REPLICATION_LAG)`
    },
    facts: () => (lagMs === undefined ? {} : { replicationLagMs: lagMs }),
  }
}
