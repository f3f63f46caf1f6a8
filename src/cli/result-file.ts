import { readFile, rename, writeFile } from 'node:fs/promises'
import { Problem } from '../errors/problem.ts'
import { CopyFailure } from '../tools/copy/failure.ts'
import type { AnyOutcome } from '../tools/copy/report/outcome.ts'
import { outcomeOf } from '../tools/copy/report/outcome.ts'
import type { CopyReport } from '../tools/copy/report/report.ts'

/** Holds the outcome of a copy, for scripts and for the morning after. */
export interface ResultFile {
  /** Never fails: what became of the databases does not depend on it. Returns why it could not be written. */
  write(outcome: CopyReport | Error): Promise<string | undefined>
}

/** What the file says; its first member tells it from other files. */
interface Result {
  readonly outcome: AnyOutcome
  readonly [more: string]: unknown
}

/**
 * Creates the result file before anything else happens. Until the end it says UNFINISHED, so that the result of an earlier run is not taken
 * for that of one that was killed. An earlier result file is replaced; any other file is not.
 *
 * @throws Problem if it cannot be written
 */
export async function openResultFile(path: string | undefined): Promise<ResultFile> {
  if (path === undefined) return { write: async () => undefined }
  await refuseOther(path)
  const startedAt = new Date().toISOString()
  const put = async (content: Result) => {
    const text = `${JSON.stringify({ ...content, startedAt }, null, 2)}\n`
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
  await put({ outcome: 'UNFINISHED' }).catch((error: Error) => {
    throw new Problem(
      `Cannot write the result file ${path}: ${error.message}. Name another with --result.`,
      'RESULT_FILE',
    )
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
    throw new Problem(
      `Cannot read the result file ${path}: ${error.message}. Name another with --result.`,
      'RESULT_FILE',
    )
  })
  if (/^\s*\{\s*"outcome":/.test(text)) return
  throw new Problem(`${path} exists already and is no result file of copy. Name another with --result.`, 'RESULT_FILE')
}

function ofReport(report: CopyReport): Result {
  return { outcome: outcomeOf(report), target: report.committed ? 'committed' : 'unchanged', report }
}

function ofFailure(error: Error): Result {
  const { side, phase, table, targetState = 'unchanged' } = error instanceof CopyFailure ? error : {}
  const code = error instanceof Problem ? error.kind : 'INTERNAL'
  return {
    outcome: targetState === 'unknown' ? 'UNKNOWN' : 'FAILED',
    target: targetState,
    message: error.message,
    error: { code, side, phase, table },
  }
}
