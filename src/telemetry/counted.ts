/** Counts events by name, and reports the counts at intervals. */
export interface Counted {
  add(name: string): void
  flush(): void
}

const intervalMs = 10_000
const maxNames = 20

/** Calls `report` at most once per ten seconds with the number of events by name, at most 20 names. */
export function createCounted(report: (counts: Readonly<Record<string, number>>) => void): Counted {
  let counts = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    if (counts.size > 0) report(Object.fromEntries(counts))
    counts = new Map()
  }
  return {
    add(name) {
      if (counts.size === 0) timer = setTimeout(flush, intervalMs).unref()
      const known = counts.has(name) || counts.size < maxNames ? name : 'other reasons'
      counts.set(known, (counts.get(known) ?? 0) + 1)
    },
    flush,
  }
}
