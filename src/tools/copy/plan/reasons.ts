/** Why a row is rejected, for the report of `copy` and of `check`. */
import type { Reason } from './plan.ts'

/** One line for each reason: what is wrong with the row. */
export const explanations: Readonly<Record<Reason, string>> = {
  'null-id': 'the row has no id, so it belongs to no selector',
  orphan: 'the selector of the row no longer exists',
  'null-selector': 'the selector of the row is null, so no app can ask for it',
  'null-name': 'the entry has no name, so it cannot be looked up',
  'too-long': 'a text is longer than its column in the target',
  'out-of-range': 'a number of the row or of its selector has more than 32 bits',
  'invalid-bytes': 'a text is not UTF-8; --invalid-bytes converts it',
  'duplicate-key': 'a newer row has the same key, and that one is copied',
}

/** Whether losing the rows changes nothing for SIPIS, so that they need no acceptance. */
export function isHarmless(table: string, reason: Reason): boolean {
  // Push tests outlive their selector on purpose.
  return reason === 'null-selector' || (reason === 'orphan' && table === 'pushtests')
}
