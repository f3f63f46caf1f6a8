import { readFileSync } from 'node:fs'

/** What one Vitest process does: a test file once for each mutant, or once without any, for its coverage. */
export interface Job {
  readonly testFile: string
  /** `static`: its code runs while the module is loaded, so the modules are loaded anew. */
  readonly mutants: readonly { readonly key: string; readonly static: boolean }[]
  /** JSON lines, written at once, so that a process that hangs or dies shows how far it came. */
  readonly results: string
  readonly serverUrl: string
  readonly run: string
}

export type Line =
  | { readonly type: 'begin'; readonly key: string }
  | { readonly type: 'end'; readonly key: string; readonly failure: string | null }
  | {
      readonly type: 'coverage'
      readonly loaded: readonly string[]
      readonly ran: readonly string[]
      readonly ms: number
      readonly failure: string | null
    }

export function readJob(): Job {
  return JSON.parse(readFileSync(process.env['MUTATION_JOB'] ?? '', 'utf8'))
}
