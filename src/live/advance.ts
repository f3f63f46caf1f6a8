import type { RowVersion, Sight } from '../loaders/changes.ts'
import type { Position, Seen } from './position.ts'
import { digestOf, durableXid, greatest, least, nameOf, pendingOf, safeMark, seenOf, unseen } from './position.ts'

/** Why a client has to read its lists anew. */
export type ResetReason = 'EXPIRED' | 'DATABASE_CHANGED' | 'TOO_MUCH'

export interface Bounds {
  /** Versions of a page. A transaction is never split, so a page may have more. */
  readonly first: number
  /** A page with more is a reset. */
  readonly mostVersions: number
  /** A position with more delivered versions above its mark is a reset. */
  readonly mostSeen: number
}

export type Step =
  | { readonly reset: ResetReason }
  | {
      readonly reset: null
      readonly versions: readonly RowVersion[]
      readonly position: Position
      readonly hasMore: boolean
    }

/** Transactions after which 32 bits no longer tell old from new. */
const mostTransactions = 2n ** 30n

/**
 * Moves a position on: what is new in this sight of the database, and the position after it.
 *
 * What transactions below the mark have stored is delivered, and so is every version in `seen`. The new mark is at most the first
 * transaction that is not delivered, and at most what is safe, so both stay true.
 *
 * @param missing versions whose rows were not found: they may have moved, so that their transactions do not count as delivered
 */
export function advance(
  position: Position,
  sight: Sight,
  bounds: Bounds,
  missing: ReadonlySet<RowVersion> = new Set(),
): Step {
  const { mark } = position
  if (position.database !== digestOf(sight.identity)) return { reset: 'DATABASE_CHANGED' }
  if (hasForked(position, sight)) return { reset: 'DATABASE_CHANGED' }
  if (isBehind(position, sight)) return { reset: null, versions: [], position, hasMore: false }
  // The server has lost transactions.
  if (mark > sight.xmax) return { reset: 'DATABASE_CHANGED' }
  if (sight.xmax - mark > mostTransactions) return { reset: 'EXPIRED' }
  const page = without(missing, pageOf(position.seen, sight, bounds.first))
  if (page.versions.length > bounds.mostVersions || page.isStuck) return { reset: 'TOO_MUCH' }
  const next = moved(position, sight, page)
  if (next.seen.length > bounds.mostSeen) return { reset: 'TOO_MUCH' }
  return { reset: null, versions: page.versions, position: next, hasMore: page.undelivered !== undefined }
}

/**
 * Whether a standby may lack something that was delivered. Then it has nothing new: it may still show an older version of a row, which
 * would replace the newer one. One of an earlier timeline may have transactions that the promoted server never had, and has others
 * under the same ids.
 */
export function isBehind({ mark, timeline, seen }: Position, sight: Sight): boolean {
  if (!sight.isStandby) return false
  if (mark > sight.xmin || timeline > sight.timeline) return true
  const recent = seen.filter(({ xid }) => xid >= sight.xmin)
  if (recent.length === 0) return false
  const visible = new Set(sight.versions.map((version) => nameOf(seenOf(version))))
  return recent.some((one) => !visible.has(nameOf(one)))
}

/** A promotion begins a timeline. A standby knows its own late. */
function hasForked({ timeline }: Position, sight: Sight): boolean {
  return sight.isStandby ? sight.timeline > timeline : sight.timeline !== timeline
}

interface Page {
  readonly versions: readonly RowVersion[]
  /** The first transaction that is not, or not completely, in the page. */
  readonly undelivered: bigint | undefined
  /** One transaction is larger than what a statement reads. */
  readonly isStuck: boolean
}

/** The next versions, up to the end of the transaction of the last one. */
function pageOf(seen: readonly Seen[], { versions, isCut }: Sight, first: number): Page {
  const fresh = unseen(versions, seen)
  const last = isCut ? versions.at(-1)?.xid : undefined
  const whole = fresh.filter(({ xid }) => xid !== last)
  const end = endOfTransaction(whole, first)
  return {
    versions: whole.slice(0, end),
    undelivered: whole[end]?.xid ?? last,
    isStuck: last !== undefined && whole.length === 0,
  }
}

/**
 * Leaves out the transactions of which a row is missing. With a part of one in `seen`, a missing row could be taken for one that was
 * delivered: among the rows of a transaction, which may be many, two may have the same tag.
 */
function without(missing: ReadonlySet<RowVersion>, page: Page): Page {
  const incomplete = new Set([...missing].map(({ xid }) => xid))
  const undelivered = [...incomplete].reduce<bigint | undefined>(
    (first, xid) => (first === undefined ? xid : least(first, xid)),
    page.undelivered,
  )
  return { ...page, versions: page.versions.filter(({ xid }) => !incomplete.has(xid)), undelivered }
}

function endOfTransaction(versions: readonly RowVersion[], first: number): number {
  if (first === 0) return 0
  const last = versions[Math.min(first, versions.length) - 1]?.xid
  const end = versions.findLastIndex(({ xid }) => xid === last)
  return end + 1
}

function moved(position: Position, sight: Sight, { versions, undelivered }: Page): Position {
  const { mark, seen, pending } = position
  const safe = safeMark(sight, durableXid(sight, pending))
  const next = greatest(mark, undelivered === undefined ? safe : least(safe, undelivered))
  const all = new Map([...seen, ...versions.map(seenOf)].map((one) => [nameOf(one), one]))
  return {
    ...position,
    mark: next,
    seen: [...all.values()].filter(({ xid }) => xid >= next),
    pending: pendingOf(sight, pending),
  }
}
