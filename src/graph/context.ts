import type { Principal } from '../auth/principal.ts'
import type { Database } from '../database/database.ts'
import type { Hints } from '../live/hints.ts'
import type { Tokens } from '../live/tokens.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { Pace } from '../loaders/pace.ts'
import type { Questions } from '../loaders/statistics/questions.ts'
import type { Usage } from '../loaders/usage.ts'
import type { Processes } from '../processes/processes.ts'
import type { Detected } from '../sipis/detect.ts'
import type { Replay } from './replay.ts'

/** GraphQL context of the resolvers, created for each operation. */
export interface Context {
  readonly principal: Principal
  readonly loaders: Loaders
  readonly database: Database
  readonly detected: Detected
  /** Counts the rows and bytes of the operation. */
  readonly usage: Usage
  /** Names of the settings that the operator allows callers to read. */
  readonly allowedSettings: readonly string[]
  /** Statistics over all selectors. */
  readonly questions: Questions
  /** Asks the SIPIS processes. */
  readonly processes: Processes
  /** Tokens of `changes`. */
  readonly changeTokens: Tokens
  /** Wakes subscriptions. */
  readonly hints: Hints
  /** Spreads the rows of the operation over turns of the event loop. */
  readonly pace: Pace
  /** Set where the operation is executed once more. */
  replay?: Replay
}
