import { createFresh } from '../../concurrency/fresh.ts'
import type { RecentCounts } from '../../loaders/recent-counts.ts'
import type { Observe } from '../../telemetry/observation.ts'

/** Emits what SIPIS has done in the last hour. Resolves when all counts are emitted or have failed. */
export type CountSipis = () => Promise<void>

const everyMs = 60_000
/** Deadline of each statement. */
const timeoutMs = 1_000

/** Counts at most once a minute, however often it is called; one statement after another, so that requests have the other connections. */
export function createCountSipis(counts: RecentCounts, observe: Observe): CountSipis {
  return createFresh(everyMs, async () => {
    observe({ kind: 'selectorsCounted', seen: await orUndefined(counts.selectors) })
    const calls = await orUndefined(counts.calls)
    observe({
      kind: 'callsCounted',
      counts: calls?.map(({ reason, count }) => ({ reason: reasonLabel(reason), count })),
    })
    observe({ kind: 'archiveLooked', lagSeconds: await orUndefined(counts.archiveLag) })
    const pushTests = await orUndefined(counts.pushTests)
    observe({
      kind: 'pushTestsCounted',
      counts: pushTests?.map(({ platform, ...rest }) => ({ platform: platform ?? 'other', ...rest })),
    })
  })
}

/** A count that fails is missing among the metrics; the failed statement is observed by the database. */
async function orUndefined<T>(count: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  try {
    return await count(AbortSignal.timeout(timeoutMs))
  } catch {
    return undefined
  }
}

function reasonLabel(reason: string | null): string {
  if (reason === null) return 'none'
  return reason === 'UNKNOWN' ? 'other' : reason.toLowerCase()
}
