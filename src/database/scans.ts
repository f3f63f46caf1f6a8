import type { Share, ShareLimits } from '../concurrency/share.ts'
import { createShare } from '../concurrency/share.ts'
import { busy, cancelled } from '../errors/database-error.ts'
import type { Observe } from '../telemetry/observation.ts'
import { ignore } from '../telemetry/observation.ts'
import type { LookUp } from './database.ts'

/**
 * Statements that run at once, shared out between callers. Scans and lists over all selectors run on the pool: a scan may read a
 * whole table, a list reads a page along an index. Look-ups run on lanes.
 */
export interface Scans {
  readonly scan: Share
  readonly list: Share
  readonly lookUp: (lookUp: LookUp) => Share
  /** Of the event loop, for large answers. */
  readonly turn: Share
}

export interface ScanLimits {
  /** Scans at once; less than the pool has connections, so that lists always have some. */
  readonly scans: number
  readonly scansPerCaller: number
}

/** An operation has few statements waiting, so this is reached only where very many operations run at once. */
const maxWaiting = 1_000

/** A list reads a page along an index, so a caller has more of them than of scans. */
const listsPerCaller = 3

/** What a lane has under way at once is what a look-up waits for in it, so there is less of it where statements are slow. */
const ofFastLane = { total: 32, perCaller: 16, maxWaiting }
const ofSlowLane = { total: 8, perCaller: 4, maxWaiting }

export function openScans({ scans, scansPerCaller }: ScanLimits, observe: Observe = ignore): Scans {
  const lanes = new Map<string, Share>()
  // Where all callers are one there is nothing to share out.
  const isShared = scansPerCaller !== Number.POSITIVE_INFINITY
  const open = (share: string, limits: ShareLimits) =>
    createShare(limits, { full: busy, givenUp: cancelled }, (running, waiting) =>
      observe({ kind: 'turnsChanged', share, running, waiting }),
    )
  const openLane = (lane: string, { perCaller, ...limits }: ShareLimits) =>
    open(lane, { ...limits, perCaller: isShared ? perCaller : Number.POSITIVE_INFINITY })
  return {
    scan: open('scans', { total: scans, perCaller: scansPerCaller, maxWaiting }),
    // Without a bound of their own, for the pool has one. On a database that lacks an index they are scans all the same.
    list: open('lists', {
      total: Number.POSITIVE_INFINITY,
      perCaller: Math.max(scansPerCaller, listsPerCaller),
      maxWaiting,
    }),
    lookUp: ({ lane, slow }) => {
      const share = lanes.get(lane) ?? openLane(lane, slow === true ? ofSlowLane : ofFastLane)
      lanes.set(lane, share)
      return share
    },
    turn: open('large answers', { total: 1, perCaller: 1, maxWaiting }),
  }
}
