import type { Share, ShareLimits } from '../concurrency/share.ts'
import { createShare } from '../concurrency/share.ts'
import { busy, cancelled } from '../errors/database-error.ts'
import type { Observe } from '../telemetry/observation.ts'
import { ignore } from '../telemetry/observation.ts'
import type { LookUp } from './database.ts'

/**
 * Limits concurrent statements, and shares them between callers. Scans and lists over all selectors run on the pool: a scan may read
 * a whole table, a list reads a page along an index. Look-ups run on lanes.
 */
export interface Scans {
  readonly scan: Share
  readonly list: Share
  readonly lookUp: (lookUp: LookUp) => Share
  /** Turns of the event loop, for large responses. */
  readonly turn: Share
}

export interface ScanLimits {
  /** Maximum number of concurrent scans; smaller than the pool, so that connections remain for lists. */
  readonly scans: number
  readonly scansPerCaller: number
}

/** An operation has few waiting statements, so only very many concurrent operations reach this limit. */
const maxWaiting = 1_000

/** Concurrent lists of a caller. More than scans, because a list reads only a page along an index. */
const listsPerCaller = 3

/** Concurrent look-ups of a lane. A look-up waits for those before it, so the limit is smaller where they are slow. */
const fastLaneLimits = { total: 32, perCaller: 16, maxWaiting }
const slowLaneLimits = { total: 8, perCaller: 4, maxWaiting }

export function openScans({ scans, scansPerCaller }: ScanLimits, observe: Observe = ignore): Scans {
  const lanes = new Map<string, Share>()
  // Without a limit per caller, all callers are one principal.
  const isShared = scansPerCaller !== Number.POSITIVE_INFINITY
  const open = (share: string, limits: ShareLimits) =>
    createShare(limits, { full: busy, givenUp: cancelled }, (running, waiting) =>
      observe({ kind: 'turnsChanged', share, running, waiting }),
    )
  const openLane = (lane: string, { perCaller, ...limits }: ShareLimits) =>
    open(lane, { ...limits, perCaller: isShared ? perCaller : Number.POSITIVE_INFINITY })
  return {
    scan: open('scans', { total: scans, perCaller: scansPerCaller, maxWaiting }),
    // Limited only by the pool. Without an index of the database, they are as slow as scans.
    list: open('lists', {
      total: Number.POSITIVE_INFINITY,
      perCaller: Math.max(scansPerCaller, listsPerCaller),
      maxWaiting,
    }),
    lookUp: ({ lane, slow }) => {
      const share = lanes.get(lane) ?? openLane(lane, slow === true ? slowLaneLimits : fastLaneLimits)
      lanes.set(lane, share)
      return share
    },
    turn: open('large answers', { total: 1, perCaller: 1, maxWaiting }),
  }
}
