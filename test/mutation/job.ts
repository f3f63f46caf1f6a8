import { readFileSync } from 'node:fs'

/** The job of one Vitest process: a test file, run once for each mutant, or once without a mutant for its coverage. */
export interface Job {
  readonly testFile: string
  /** `static`: the mutated code runs when the module is loaded, so modules are loaded again. */
  readonly mutants: readonly { readonly key: string; readonly static: boolean }[]
  /** JSON lines, written immediately, so that the progress of a process that hangs or crashes is known. */
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
