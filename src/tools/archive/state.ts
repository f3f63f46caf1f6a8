/** What an archive knows about itself. It is kept in the archive, so that it changes together with the rows. */
import { z } from 'zod'
import type { Value } from '../../database/database.ts'
import type { Position } from '../../live/position.ts'
import type { Session } from './session.ts'

/** Not in a schema of SIPIS's tables. `init` keeps its list of migrations there as well. */
export const stateTable = 'sipis_gateway.archive_state'

export const createState = [
  'CREATE SCHEMA IF NOT EXISTS sipis_gateway',
  `CREATE TABLE IF NOT EXISTS ${stateTable} (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    format integer NOT NULL DEFAULT 1,
    source text,
    feed_position text,
    reading_all boolean NOT NULL DEFAULT true,
    rows_written bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    rows_expired bigint NOT NULL DEFAULT 0,
    resets bigint NOT NULL DEFAULT 0,
    last_reset text,
    begun_at timestamptz NOT NULL DEFAULT now(),
    caught_up_at timestamptz
  )`,
  `INSERT INTO ${stateTable} DEFAULT VALUES ON CONFLICT DO NOTHING`,
]

export interface State {
  /** Undefined before the first look. */
  readonly position: Position | undefined
  /** Whether rows may be missing that were there before the position. */
  readonly isReadingAll: boolean
  readonly written: bigint
  readonly rejected: bigint
  readonly expired: bigint
  readonly resets: bigint
  readonly lastReset: string | null
}

/** @returns the state, and how long ago everything was written */
export async function readState({ query }: Session): Promise<{ readonly state: State; readonly lagMs: number }> {
  const [row] = await query(
    `SELECT feed_position, reading_all, rows_written, rows_rejected, rows_expired, resets, last_reset,
      extract(epoch FROM clock_timestamp() - coalesce(caught_up_at, begun_at)) FROM ${stateTable}`,
  )
  if (row === undefined) throw new Error(`${stateTable} is empty.`)
  const [position, isReadingAll, written, rejected, expired, resets, lastReset, lag] = row
  const state = {
    position: position == null ? undefined : positionOf(position),
    isReadingAll: isReadingAll === 't',
    written: countOf(written),
    rejected: countOf(rejected),
    expired: countOf(expired),
    resets: countOf(resets),
    lastReset: lastReset ?? null,
  }
  return { state, lagMs: Math.max(0, 1_000 * Number(lag)) }
}

/** The clock of the archive. */
export async function momentOf({ query }: Session): Promise<string> {
  const [[moment] = []] = await query('SELECT clock_timestamp()')
  return String(moment)
}

/** @param caughtUpAt from when on something may be missing, by the clock of the archive; undefined if that has not moved on */
export async function writeState({ write }: Session, state: State, source: string, caughtUpAt: string | undefined) {
  await write(
    `UPDATE ${stateTable} SET feed_position = $1, reading_all = $2, rows_written = $3, rows_rejected = $4, rows_expired = $5,
      resets = $6, last_reset = $7, source = $8, caught_up_at = coalesce($9, caught_up_at)`,
    [
      state.position === undefined ? null : textOf(state.position),
      state.isReadingAll,
      String(state.written),
      String(state.rejected),
      String(state.expired),
      String(state.resets),
      state.lastReset,
      source,
      caughtUpAt ?? null,
    ],
  )
}

function countOf(value: Value | undefined): bigint {
  return BigInt(value ?? 0)
}

const wide = z.string().regex(/^\d+$/).transform(BigInt)

const position = z.object({
  database: z.string(),
  timeline: z.number(),
  mark: wide,
  seen: z.array(z.tuple([wide, z.number()]).transform(([xid, tag]) => ({ xid, tag }))),
  pending: z.object({ xid: wide, lsn: wide, checkpoint: wide }).optional(),
})

function positionOf(text: string): Position {
  const { pending, ...rest } = position.parse(JSON.parse(text))
  return { ...rest, pending }
}

function textOf({ database, timeline, mark, seen, pending }: Position): string {
  return JSON.stringify({
    database,
    timeline,
    mark: String(mark),
    seen: seen.map(({ xid, tag }) => [String(xid), tag]),
    ...(pending === undefined ? {} : { pending: textOfPending(pending) }),
  })
}

function textOfPending({ xid, lsn, checkpoint }: NonNullable<Position['pending']>) {
  return { xid: String(xid), lsn: String(lsn), checkpoint: String(checkpoint) }
}
