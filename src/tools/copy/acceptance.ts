import type { CopyOptions } from './options.ts'
import type { TableReport } from './report.ts'
import { rejectsByReason } from './report.ts'

/**
 * Returns a problem for each reason whose number of rejected rows differs from the accepted number. Rows that a comparison finds
 * missing for a reason were accepted by the copy, so only a number that is given is checked.
 */
export function unaccepted(tables: readonly TableReport[], { mode, accepted }: CopyOptions): string[] {
  const found = rejectsByReason(tables)
  const reasons = new Set([...(mode === 'verify-only' ? [] : found.keys()), ...accepted.keys()])
  return [...reasons].flatMap((reason) => {
    const rows = found.get(reason) ?? 0
    const allowed = accepted.get(reason)
    if (rows === (allowed ?? 0)) return []
    return allowed === undefined
      ? [`${rows} rows cannot be copied: ${reason}. To copy the others: --accept-rejects ${reason}=${rows}`]
      : [`${rows} rows cannot be copied: ${reason}; --accept-rejects says ${allowed}.`]
  })
}
