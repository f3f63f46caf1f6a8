import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { withDeadline } from '../../concurrency/deadline.ts'
import { databaseError } from '../../errors/database-error.ts'
import type { Database } from '../database.ts'
import { prepare } from '../prepared.ts'
import { replicationLagMs } from './lag.ts'

/** What a server says about itself. */
export interface Sign {
  /** The same for all copies of one database. */
  readonly identity: string
  readonly isStandby: boolean
  readonly lagMs: number
  /** Of its snapshot, in 64 bits. */
  readonly xmin: bigint
  /** Up to where a primary has written its log, flushed or not, or a standby has replayed it. Undefined if the server does not say it. */
  readonly position: bigint | undefined
}

/** An answer that takes longer is none. */
const timeoutMs = 2_000

const lane = { lane: 'replicas' }
const statementOf = (cluster: SQL, position: SQL) =>
  prepare(
    sql`SELECT concat_ws(' ', ${cluster}, (SELECT oid FROM pg_database WHERE datname = current_database()),
      to_regclass('selectors')::oid, to_regclass('sipcalls')::oid), pg_is_in_recovery(), ${replicationLagMs}, txid_snapshot_xmin(txid_current_snapshot()),
      ${position}`,
    lane,
  )({})
/**
 * The end of the last record of the primary's log, because with synchronous_commit off a row is seen before it is flushed. Where the next
 * record begins a page, PostgreSQL gives the place behind the header of that page (24 bytes, 40 in a new file), which no standby has
 * replayed before that record.
 */
const written = sql`(SELECT at - CASE WHEN behind_page IN (24, 40) THEN behind_page ELSE 0 END
  FROM (SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')) AS log(at),
  LATERAL (SELECT at % current_setting('wal_block_size')::int) AS page(behind_page))`
const statement = statementOf(
  sql`(SELECT system_identifier FROM pg_control_system())`,
  sql`CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') ELSE ${written} END`,
)
/** Servers that are like PostgreSQL may refuse to name their cluster. The numbers of tables are still those of the original. */
const statementWithoutCluster = statementOf(sql`NULL`, sql`NULL`)
const refusals = new Set(['42501', '42883', '0A000', '58P01'])

/** @returns why there is no sign, as a code */
export async function probe(database: Database): Promise<Sign | string> {
  try {
    return await ask(database)
  } catch (error) {
    return databaseError(error).code
  }
}

async function ask(database: Database): Promise<Sign> {
  const signal = AbortSignal.timeout(timeoutMs)
  const query = (asked: typeof statement) => withDeadline(database.query(asked, signal), { signal, timeoutMs })
  const rows = await query(statement).catch((error: unknown) => {
    if (refusals.has(databaseError(error).code)) return query(statementWithoutCluster)
    throw error
  })
  const [[identity = null, isStandby = null, lagMs = null, xmin = null, position = null] = []] = rows
  return {
    identity: String(identity),
    isStandby: isStandby === 't',
    lagMs: Number(lagMs ?? 0),
    xmin: BigInt(xmin ?? 0),
    position: position === null ? undefined : BigInt(position),
  }
}

export interface Expected {
  /** The primary's; undefined if it has not answered yet. */
  readonly identity: string | undefined
  readonly maxLag: number | undefined
  readonly isPrimaryAway: boolean
}

/**
 * Why a server must not be read as a standby. One that was promoted no longer follows the primary, so it is read only when the primary
 * is away.
 */
export function problemOf(
  { identity, isStandby, lagMs }: Sign,
  { identity: expected, maxLag, isPrimaryAway }: Expected,
): string | undefined {
  if (expected === undefined) return 'the primary has not answered yet'
  if (identity !== expected) return 'it is a copy of another database'
  if (!isStandby && !isPrimaryAway) return 'it is no standby'
  if (maxLag === undefined || lagMs <= maxLag * 1_000) return undefined
  return `it is ${Math.round(lagMs / 1_000)} seconds behind (DATABASE_MAX_REPLICATION_LAG)`
}
