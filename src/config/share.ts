import type { ServeConfig } from './serve-config.ts'

/**
 * The configuration of one of several workers. Each has its share, rounded up, of what protects the database and the memory of the machine, so
 * that all of them together keep the limit. What is bound to a connection stays: the kernel does not share connections out evenly, so a
 * worker could close some while others have room, and half of LIMIT_STREAMS_PER_CALLER would refuse a caller that has all its
 * streams on one WebSocket. The metrics of all workers are those of the process that starts them.
 */
export function shareOf(config: ServeConfig): ServeConfig {
  const { workers, limits, rates, databaseLimits } = config
  const share = (total: number) => Math.ceil(total / workers)
  return {
    ...config,
    databaseLimits: { ...databaseLimits, maxConnections: share(databaseLimits.maxConnections) },
    limits: {
      ...limits,
      concurrent: share(limits.concurrent),
      queue: share(limits.queue),
      unsentBytes: share(limits.unsentBytes),
      scans: share(limits.scans),
      // Others wait meanwhile; none is refused.
      scansPerCaller: share(limits.scansPerCaller),
    },
    rates: sharesRates(config) ? ratesOf(rates, share) : rates,
    metricsAddress: undefined,
  }
}

/** Whether each worker grants its share of the rates, because nothing counts for all of them. */
export function sharesRates({ workers, rates, rateStore }: ServeConfig): boolean {
  return workers > 1 && rateStore === undefined && Object.values(rates).some((rate) => rate !== undefined)
}

function ratesOf(rates: ServeConfig['rates'], share: (total: number) => number): ServeConfig['rates'] {
  const of = (rate: number | undefined) => (rate === undefined ? undefined : share(rate))
  return { costPerMinute: of(rates.costPerMinute), requestsPerMinute: of(rates.requestsPerMinute) }
}
