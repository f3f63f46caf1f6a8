import type { Session } from './databases/session.ts'
import type { CopyOptions } from './options.ts'
import type { Step } from './phase.ts'
import type { Progress } from './progress.ts'
import type { RejectsFile } from './report/rejects-file.ts'

/** What every phase of a copy needs. */
export interface CopyRun {
  readonly options: CopyOptions
  readonly rejects: RejectsFile | undefined
  readonly source: Session
  readonly target: Session
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly step: Step
}
