/** Adds up the metrics of several workers. */
import { AggregatorRegistry } from 'prom-client'
import type { MetricValues } from './instruments.ts'

export interface Totals {
  /** What a process says now; `counts` if it has counted what the metrics say of SIPIS. */
  set(process: number, values: MetricValues, counts: boolean): void
  /** The process has ended: what it counted stays in the sums, so that none goes back. */
  end(process: number): void
  print(): Promise<string>
}

export function createTotals(): Totals {
  const latest = new Map<number, MetricValues>()
  let ended: MetricValues[] = []
  return {
    set(process, values, counts) {
      latest.set(process, counts ? values : values.filter(({ name }) => !isOfSipis(name)))
    },
    end(process) {
      const last = latest.get(process) ?? []
      latest.delete(process)
      ended.push(last.filter(({ type }) => onlyGrow.has(String(type))))
    },
    async print() {
      // One list in the place of many.
      const before = ended
      const sum = await AggregatorRegistry.aggregate(before).getMetricsAsJSON()
      ended = [sum, ...ended.slice(before.length)]
      return AggregatorRegistry.aggregate([...latest.values(), ...ended]).metrics()
    },
  }
}

const onlyGrow: ReadonlySet<string> = new Set(['counter', 'histogram'])

/** All workers would say the same of the database, at different times. */
function isOfSipis(name: string): boolean {
  return name.startsWith('sipis_') && !name.startsWith('sipis_gateway_')
}
