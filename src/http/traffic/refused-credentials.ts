import type { Logger } from 'pino'

/** Counts a rejected credential by its reason. */
export type RefusedCredentials = (reason: string) => void

const intervalMs = 10_000
const maxReasons = 20

/** Logs at most one line per ten seconds, with the number of rejected credentials per reason and never a credential. */
export function createRefusedCredentials(logger: Logger): RefusedCredentials {
  let reasons = new Map<string, number>()
  const flush = () => {
    logger.warn({ refused: Object.fromEntries(reasons) }, 'Requests rejected for their credential')
    reasons = new Map()
  }
  return (reason) => {
    if (reasons.size === 0) setTimeout(flush, intervalMs).unref()
    const known = reasons.has(reason) || reasons.size < maxReasons ? reason : 'other reasons'
    reasons.set(known, (reasons.get(known) ?? 0) + 1)
  }
}
