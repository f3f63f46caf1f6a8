import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { RowVersion, Sight } from '../loaders/changes.ts'

/**
 * How far a client has read: everything that transactions below `mark` have stored, and the versions in `seen`. It is what a token
 * holds.
 */
export interface Position {
  /** Digest of the database and its tables. */
  readonly database: string
  /** 0 if no server has said it yet. */
  readonly timeline: number
  readonly mark: bigint
  /** Versions at or above the mark that were delivered, in no order. */
  readonly seen: readonly Seen[]
  readonly pending: Pending | undefined
}

/** A transaction that no crash can undo once the log is flushed up to `lsn`, if there was none until then. */
export interface Pending {
  readonly xid: bigint
  readonly lsn: bigint
  /** The last checkpoint. A server that goes on after a crash makes another one, and fills the log from there. */
  readonly checkpoint: bigint
}

/** A version that was delivered. A crash may give its transaction id out again, so a tag of the version is kept, too. */
export interface Seen {
  readonly xid: bigint
  /** 16 bits. */
  readonly tag: number
}

/** Bytes of the digest of a database. */
export const digestBytes = 8

export function digestOf(identity: string): string {
  return createHash('sha256')
    .update(identity)
    .digest('hex')
    .slice(0, 2 * digestBytes)
}

export function seenOf({ kind, key, digest, xid }: RowVersion): Seen {
  return { xid, tag: crc32(JSON.stringify([kind, key, digest])) & 0xffff }
}

/** The versions that are not among those that were delivered. */
export function unseen(versions: readonly RowVersion[], seen: readonly Seen[]): RowVersion[] {
  const known = new Set(seen.map(nameOf))
  return versions.filter((version) => !known.has(nameOf(seenOf(version))))
}

export function nameOf({ xid, tag }: Seen): string {
  return `${xid}/${tag}`
}

/**
 * A position from which everything that is stored from now on is new. The lists that a client reads next may come from a standby, so what a
 * standby may lack is new as well.
 */
export function startAt(sight: Sight, most: number): Position {
  const { lowestXmin } = sight
  const safe = safeMark(sight, 0n)
  const isElsewhere = lowestXmin !== undefined && lowestXmin < sight.xmax
  const mark = isElsewhere ? least(safe, lowestXmin) : safe
  // The versions that do not fit are delivered once more.
  const seen = isElsewhere ? [] : sight.versions.slice(0, most).map(seenOf)
  return {
    database: digestOf(sight.identity),
    timeline: sight.timeline,
    mark,
    seen,
    pending: pendingOf(sight, undefined),
  }
}

/**
 * The highest mark that is safe: transactions below it have ended, and no crash gives their ids out again. On a standby all that is
 * replayed is safe from a crash.
 *
 * @param durable a transaction below which a crash gives no id out again
 */
export function safeMark({ isStandby, xmin, checkpointXid }: Sight, durable: bigint): bigint {
  return isStandby ? xmin : least(xmin, greatest(checkpointXid, durable))
}

/**
 * The transaction to wait for: the highest one that is visible, with the end of the log. Its records are below that end, so once the
 * log is flushed up to there, a crash goes on above it. One that is waited for is kept, because the end of the log moves on.
 */
export function pendingOf(sight: Sight, earlier: Pending | undefined): Pending | undefined {
  if (sight.isStandby) return undefined
  if (earlier?.checkpoint === sight.checkpoint && earlier.lsn > sight.flushed) return earlier
  const highest = sight.versions.reduce((xid, version) => greatest(xid, version.xid), 0n)
  return highest === 0n ? undefined : { xid: highest, lsn: sight.inserted, checkpoint: sight.checkpoint }
}

/** The transaction below which no crash gives an id out again, as far as the one that is waited for tells. */
export function durableXid({ checkpoint, flushed }: Sight, pending: Pending | undefined): bigint {
  return pending?.checkpoint === checkpoint && pending.lsn <= flushed ? pending.xid + 1n : 0n
}

export function greatest(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}

export function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
