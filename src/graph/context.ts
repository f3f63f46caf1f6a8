import type { Principal } from '../auth/principal.ts'
import type { Database } from '../database/database.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { Usage } from '../loaders/usage.ts'
import type { Detected } from '../versions/detect.ts'

/** What a resolver may use; made anew for every operation. */
export interface Context {
  readonly principal: Principal
  readonly loaders: Loaders
  readonly database: Database
  readonly detected: Detected
  /** Counts what the operation answers. */
  readonly usage: Usage
  /** Names of settings that anybody may see at all. */
  readonly allowedSettings: readonly string[]
}
