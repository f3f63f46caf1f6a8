/** What `serve` says and how long it takes, with one process and with several. */
import type { ServeConfig } from '../config/serve-config.ts'
import type { Observe } from '../telemetry/observation.ts'

/** Running requests have so long after DRAIN_MS. */
export const graceMs = 5_000
/** The parts of a service have so long together after that. */
const closeMs = 3_000
/** The process ends so long after DRAIN_MS at the latest: ten seconds after the signal with the default. */
export const limitMs = graceMs + closeMs + 1_000
/** Connections to METRICS_PORT. */
export const mostScrapers = 20

export function stoppingOn(signal: string): string {
  return `Stopping on ${signal}; running requests have up to ${graceMs / 1000} seconds to finish.`
}

export function warnOfSettings({ warnings }: ServeConfig, observe: Observe): void {
  for (const message of warnings) observe({ kind: 'warning', message })
}

/** Said when everything is opened, below what else went wrong. */
export function warnIfOpen({ isOpen }: ServeConfig, observe: Observe): void {
  if (isOpen)
    observe({ kind: 'warning', message: 'Authentication is off: every user of this machine can read all data' })
}
