/** How a copy ended, for programs. */
import type { CopyReport } from './report.ts'
import { isSame } from './report.ts'

/** The outcomes of a run that has a report, each with its meaning. */
export const outcomesOfReport = {
  COPIED: 'The rows are copied, and the target matches the source.',
  READY: 'The rows can be copied, with the rejected ones accepted; nothing was written.',
  REFUSED: 'They cannot be copied, for the reasons in `problems`; nothing was written.',
  SAME: '`--verify-only`: the target matches the source.',
  DIFFERENT: 'The target does not match the source, as `problems` says; nothing was written.',
} as const
export type Outcome = keyof typeof outcomesOfReport

/** What the result file says without a report. */
export const outcomesWithoutReport = {
  UNFINISHED: 'The copy is running, or was killed.',
  FAILED: 'The copy failed; nothing was written.',
  UNKNOWN: 'The commit was not answered: the target is complete or empty, and `--verify-only` finds out.',
} as const
export type AnyOutcome = Outcome | keyof typeof outcomesWithoutReport

export function outcomeOf({ mode, committed, problems, tables }: CopyReport): Outcome {
  if (committed) return 'COPIED'
  if (mode === 'verify-only') return problems.length === 0 ? 'SAME' : 'DIFFERENT'
  if (tables.some((table) => table.target !== undefined && !isSame(table))) return 'DIFFERENT'
  return problems.length === 0 ? 'READY' : 'REFUSED'
}
