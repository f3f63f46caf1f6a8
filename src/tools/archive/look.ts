/** One look at the source: which versions are new, and the position after it. */
import type { ResetReason, Step } from '../../live/advance.ts'
import { advance } from '../../live/advance.ts'
import type { Position } from '../../live/position.ts'
import { digestOf, nameOf, seenOf, unseen } from '../../live/position.ts'
import type { RowVersion, Sight } from '../../loaders/changes.ts'
import { bounds, eventKinds } from '../../loaders/changes.ts'
import type { Source } from './source.ts'

/** Versions of a page: a transaction is never split, so it may have more, up to the limit of the feed. */
const pageVersions = 8_000

export interface Looked {
  readonly reset: ResetReason | null
  readonly versions: readonly RowVersion[]
  readonly position: Position
  readonly hasMore: boolean
  /** Whether all rows were looked at, not only those of the last minutes. */
  readonly isFull: boolean
  readonly tookMs: number
}

/** Looks at all rows. Only that moves the mark. */
export async function lookAtAll({ reader }: Source, position: Position): Promise<Looked> {
  const started = performance.now()
  const sight = await reader.ofAll(eventKinds, position.mark)
  const tookMs = performance.now() - started
  const step: Step = advance(withoutGone(position, sight), sight, { first: pageVersions, ...bounds.ofAll })
  if (step.reset !== null) return { ...nothing(position), reset: step.reset, isFull: true, tookMs }
  return { ...step, isFull: true, tookMs }
}

/**
 * Looks at rows that are dated to the last minutes, which an index finds. What it finds counts as seen.
 *
 * @returns undefined if only a look at all rows can tell what is new
 */
export async function lookAtRecent({ reader }: Source, position: Position): Promise<Looked | undefined> {
  const started = performance.now()
  const sight = await reader.recent(position.mark)
  const tookMs = performance.now() - started
  const versions = unseen(sight.versions, position.seen)
  const isSame = digestOf(sight.identity) === position.database
  if (!isSame || sight.isCut || position.seen.length + versions.length > bounds.ofAll.mostSeen) return undefined
  const seen = [...position.seen, ...versions.map(seenOf)]
  return { ...nothing({ ...position, seen }), versions, tookMs }
}

/**
 * Forgets versions that are gone: should one come back after all, it is written again and changes nothing. So what counts against the
 * limit of a position is what the source has now, not what it had while a transaction was open for long.
 */
function withoutGone(position: Position, { versions, isCut }: Sight): Position {
  if (isCut) return position
  const there = new Set(versions.map((version) => nameOf(seenOf(version))))
  return { ...position, seen: position.seen.filter((one) => there.has(nameOf(one))) }
}

function nothing(position: Position) {
  return { reset: null, versions: [], position, hasMore: false, isFull: false }
}
