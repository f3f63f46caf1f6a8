import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import { prepare } from '../../database/prepared.ts'
import type { Check } from './ready.ts'

/**
 * Milliseconds by which a standby is behind: null on a primary. Where everything received is replayed there is no lag, but only while
 * the standby receives: without its primary, the time since the last change counts.
 */
const statement = prepare(sql`
  SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN NULL
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
    ELSE greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())) * 1000
  END::bigint`)({})

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
