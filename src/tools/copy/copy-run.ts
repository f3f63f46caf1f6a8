import type { Step } from './failure.ts'
import type { CopyOptions } from './options.ts'
import type { Progress } from './progress.ts'
import type { Session } from './session.ts'

/** What every phase of a copy needs. */
export interface CopyRun {
  readonly options: CopyOptions
  readonly source: Session
  readonly target: Session
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly step: Step
}
