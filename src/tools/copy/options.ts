import type { DatabaseTarget } from '../../config/database-target.ts'
import type { InvalidBytes } from './plan/conversion.ts'
import type { Acceptance } from './report/acceptance.ts'
import type { Mode } from './report/report.ts'

export interface CopyOptions {
  readonly source: DatabaseTarget
  readonly target: DatabaseTarget
  readonly mode: Mode
  /** Whether to copy from v2 into v1. */
  readonly back?: boolean
  /** Whether to block writes to the source while the copy runs. Without that, the copy fails if there were any. */
  readonly freeze: boolean
  readonly invalidBytes: InvalidBytes
  readonly missedReason: string
  readonly rejectsFile: string | undefined
  /** Rows that may be rejected. */
  readonly accepted: readonly Acceptance[]
  readonly lockTimeoutMs: number
  /** How long a server may stay silent while a statement runs. */
  readonly silenceMs?: number
}
