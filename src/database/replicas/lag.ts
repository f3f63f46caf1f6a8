import { sql } from 'drizzle-orm'

/**
 * Milliseconds by which a standby is behind: null on a primary. Where everything received is replayed there is no lag, but only while
 * the standby receives: without its primary, the time since the last change counts, or since its start if it has replayed none.
 */
export const replicationLagMs = sql`CASE
    WHEN NOT pg_is_in_recovery() THEN NULL
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
    ELSE greatest(0, extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))) * 1000
  END::bigint`
