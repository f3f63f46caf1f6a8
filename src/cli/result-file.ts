import { readFile, rename, writeFile } from 'node:fs/promises'
import { Problem } from '../errors/problem.ts'
import { CopyFailure } from '../tools/copy/failure.ts'
import type { CopyReport } from '../tools/copy/report/report.ts'

/** Holds the outcome of a copy, for scripts and for the morning after. */
export interface ResultFile {
  /** Never fails: what became of the databases does not depend on it. Returns why it could not be written. */
  write(outcome: CopyReport | Error): Promise<string | undefined>
}

/**
 * Creates the result file before anything else happens. Until the end it says `unfinished`, so that the result of an earlier run is not taken
 * for that of one that was killed. An earlier result file is replaced; any other file is not.
 *
 * @throws Problem if it cannot be written
 */
export async function openResultFile(path: string | undefined): Promise<ResultFile> {
  if (path === undefined) return { write: async () => undefined }
  await refuseOther(path)
  const startedAt = new Date().toISOString()
  const put = async (content: object) => {
    const text = `${JSON.stringify({ ...content, startedAt }, null, 2)}\n`
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
  await put({ outcome: 'unfinished' }).catch((error: Error) => {
    throw new Problem(`Cannot write the result file ${path}: ${error.message}. Name another with --result.`)
  })
  return {
    write: (outcome) =>
      put({ ...(outcome instanceof Error ? ofFailure(outcome) : ofReport(outcome)), finishedAt: new Date() }).then(
        () => undefined,
        (error: Error) => `Cannot write the result file ${path}: ${error.message}`,
      ),
  }
}

async function refuseOther(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{ "outcome": "" }'
    throw new Problem(`Cannot read the result file ${path}: ${error.message}. Name another with --result.`)
  })
  if (/^\s*\{\s*"outcome":/.test(text)) return
  throw new Problem(`${path} exists already and is no result file of copy. Name another with --result.`)
}

function ofReport(report: CopyReport) {
  const { mode, committed, problems } = report
  const good = { 'dry-run': 'ready', rehearse: 'ready', execute: 'committed', 'verify-only': 'same' }[mode]
  const bad = { 'dry-run': 'not-ready', rehearse: 'not-ready', execute: 'not-copied', 'verify-only': 'different' }[mode]
  return {
    outcome: committed || problems.length === 0 ? good : bad,
    target: committed ? 'committed' : 'unchanged',
    report,
  }
}

function ofFailure(error: Error) {
  const failure = error instanceof CopyFailure ? error : undefined
  const { kind: code, side, phase, table, targetState = 'unchanged' } = failure ?? {}
  return {
    outcome: targetState === 'unknown' ? 'unknown' : 'failed',
    target: targetState,
    message: error.message,
    error: { code, side, phase, table },
  }
}
