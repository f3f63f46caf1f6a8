/** Copies a v1 database into an empty v2 database: all accepted rows in one transaction, compared before the commit, or nothing. */
import type { DatabaseTarget } from '../../config/database-target.ts'
import { DatabaseError } from '../../errors/database-error.ts'
import { Problem } from '../../errors/problem.ts'
import type { Session, Side } from './databases/session.ts'
import { openSession } from './databases/session.ts'
import { copyFailure, interrupted } from './failure.ts'
import type { CopyOptions } from './options.ts'
import type { Step } from './phase.ts'
import type { Progress } from './progress.ts'
import { openRejects } from './report/rejects-file.ts'
import type { CopyReport } from './report/report.ts'
import { run } from './run.ts'

/** A server that does not answer for so long while a statement runs is given up. */
const silenceMs = 120_000

/**
 * Runs a copy, a rehearsal, a dry run or a comparison.
 *
 * @param signal aborts the running statements
 * @throws CopyFailure if a database fails or the copy is interrupted
 * @throws Problem if a database is unsuitable
 */
export async function copy(options: CopyOptions, progress: Progress, signal: AbortSignal): Promise<CopyReport> {
  const step: Step = { phase: 'connecting', table: undefined }
  const open = (side: Side, database: DatabaseTarget) => openSession(side, database, { silenceMs, ...options }, signal)
  await using rejects = await openRejects(options.mode, options.rejectsFile)
  try {
    await using source = await open('source', options.source)
    await using target = await open('target', options.target)
    using _ = cancelledBy(signal, source, target)
    return await run({ options, rejects, source, target, progress, signal, step })
  } catch (error) {
    if (error instanceof Problem) throw error
    if (signal.aborted) throw interrupted(step)
    if (!(error instanceof DatabaseError)) throw error
    throw copyFailure(error, step, { source: options.source.label, target: options.target.label })
  }
}

/** Servers finish running statements even if the connection closes, so they are cancelled explicitly. */
function cancelledBy(signal: AbortSignal, source: Session, target: Session): Disposable {
  const cancel = () => void Promise.allSettled([source.cancel(), target.cancel()])
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', cancel) }
}
