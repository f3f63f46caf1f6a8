/** Results of runs so far, in a file, so that an interrupted run can be continued. */
import { hash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Job, Line } from './job.ts'
import { linesOf } from './process.ts'

export const folder = 'node_modules/.cache/mutation'
const file = `${folder}/state.json`

export interface Coverage {
  readonly testFile: string
  /** Hash of the content of the test file. */
  readonly digest: string
  readonly loaded: readonly string[]
  readonly ran: readonly string[]
  readonly ms: number
}

interface Verdict {
  readonly verdict: 'killed' | 'timeout' | 'survived'
  /** Test files that have run with the mutant. The verdict is that of the last one. */
  readonly by: readonly string[]
}

export interface State {
  coverage: Coverage[]
  judged: Record<string, Verdict>
}

export function openState(fresh: boolean): State {
  mkdirSync(folder, { recursive: true })
  const state: State = { coverage: [], judged: {} }
  if (fresh) {
    for (const left of globSync(`${folder}/job-*`)) rmSync(left)
    return state
  }
  try {
    Object.assign(state, JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // The first run.
  }
  takeUpJobs(state)
  forgetChanged(state)
  return state
}

export function save(state: State): void {
  writeFileSync(file, JSON.stringify(state))
}

export function digestOf(testFile: string): string {
  return hash('sha256', readFileSync(testFile, 'utf8'))
}

export function noteVerdict(state: State, key: string, testFile: string, verdict: Verdict['verdict']): void {
  const before = state.judged[key]?.by ?? []
  if (!before.includes(testFile)) state.judged[key] = { verdict, by: [...before, testFile] }
}

/** Records the results of mutants that a process has completed. Returns their keys. */
export function noteLines(state: State, testFile: string, lines: readonly Line[]): string[] {
  return lines.flatMap((line) => {
    if (line.type !== 'end') return []
    noteVerdict(state, line.key, testFile, line.failure === null ? 'survived' : 'killed')
    return [line.key]
  })
}

/** Jobs that were running when the previous run was interrupted. */
function takeUpJobs(state: State): void {
  for (const path of globSync(`${folder}/job-*.job`)) {
    try {
      const job: Job = JSON.parse(readFileSync(path, 'utf8'))
      noteLines(state, job.testFile, linesOf(job.results))
    } catch {
      // The previous run was interrupted while writing a line.
    }
    rmSync(path)
    rmSync(path.slice(0, -'.job'.length), { force: true })
  }
}

/** A changed test file runs again, including the mutants that it detected. */
function forgetChanged(state: State): void {
  const changed = new Set(
    state.coverage.filter(({ testFile, digest }) => digest !== digestIfAny(testFile)).map(({ testFile }) => testFile),
  )
  state.coverage = state.coverage.filter(({ testFile }) => !changed.has(testFile))
  for (const [key, { verdict, by }] of Object.entries(state.judged)) {
    const others = by.filter((testFile) => !changed.has(testFile))
    if (others.length === by.length) continue
    if (verdict === 'survived' && others.length > 0) state.judged[key] = { verdict, by: others }
    else delete state.judged[key]
  }
}

function digestIfAny(testFile: string): string | undefined {
  try {
    return digestOf(testFile)
  } catch {
    return undefined
  }
}
