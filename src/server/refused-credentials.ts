import type { Logger } from 'pino'

/** Notes why a credential was refused. */
export type RefusedCredentials = (reason: string) => void

const everyMs = 10_000
const mostReasons = 20

/** One log line in ten seconds however many credentials are refused, with the reasons and never a credential. */
export function openRefusedCredentials(logger: Logger): RefusedCredentials {
  let reasons = new Map<string, number>()
  const tell = () => {
    logger.warn({ refused: Object.fromEntries(reasons) }, 'Requests without an accepted credential')
    reasons = new Map()
  }
  return (reason) => {
    if (reasons.size === 0) setTimeout(tell, everyMs).unref()
    const known = reasons.has(reason) || reasons.size < mostReasons ? reason : 'other reasons'
    reasons.set(known, (reasons.get(known) ?? 0) + 1)
  }
}
