import type { Share } from './share.ts'
import { openShare } from './share.ts'

/** Statements over all selectors run on the pool: a scan may read a whole table, a list reads a page along an index. */
export interface Scans {
  readonly scan: Share
  readonly list: Share
}

export interface ScanLimits {
  /** Scans at once; less than the pool has connections, so that lists always have some. */
  readonly scans: number
  readonly scansPerCaller: number
}

/** An operation has two scans waiting at most, so this is reached only where very many operations run at once. */
const maxWaiting = 1_000

export function openScans({ scans, scansPerCaller }: ScanLimits): Scans {
  return {
    scan: openShare({ total: scans, perCaller: scansPerCaller, maxWaiting }),
    // Without a bound of their own, for the pool has one. On a database that lacks an index they are scans all the same.
    list: openShare({ total: Number.POSITIVE_INFINITY, perCaller: scansPerCaller, maxWaiting }),
  }
}
