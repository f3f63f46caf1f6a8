/** Counts events by name, and reports them together. */
export type Counted = (name: string) => void

const intervalMs = 10_000
const maxNames = 20

/** Calls `report` at most once per ten seconds with the number of events by name, at most 20 names. */
export function createCounted(report: (counts: Readonly<Record<string, number>>) => void): Counted {
  let counts = new Map<string, number>()
  const flush = () => {
    report(Object.fromEntries(counts))
    counts = new Map()
  }
  return (name) => {
    if (counts.size === 0) setTimeout(flush, intervalMs).unref()
    const known = counts.has(name) || counts.size < maxNames ? name : 'other reasons'
    counts.set(known, (counts.get(known) ?? 0) + 1)
  }
}
