/** Commits a copy, and finds out what became of a commit that was not answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseTarget } from '../../../config/database-target.ts'
import { DatabaseError } from '../../../errors/database-error.ts'
import { Problem } from '../../../errors/problem.ts'
import type { Session } from '../databases/session.ts'
import { openSession, SideError } from '../databases/session.ts'
import { CopyFailure, states } from '../failure.ts'
import type { Step } from '../phase.ts'

/** How long to ask after an unanswered commit: the server may be starting again, or still committing. */
const askMs = 20_000
const askEveryMs = 1_000

/**
 * @throws SideError if nothing was committed
 * @throws CopyFailure if it cannot be found out
 */
export async function commit(target: Session, database: DatabaseTarget, step: Step): Promise<void> {
  const [[transaction] = []] = await target.query('SELECT txid_current()')
  try {
    const { command } = await target.client.query('COMMIT')
    if (command !== 'COMMIT') throw new Error('the server rolled the transaction back')
  } catch (error) {
    const refused = new SideError('target', error)
    // An error with an SQLSTATE of a constraint is an answer, and so is a rollback.
    const outcome = await outcomeOf(database, String(transaction))
    if (outcome === 'committed') return
    if (outcome === 'aborted') throw refused
    throw new CopyFailure(
      `The copy into ${target.label} was compared, but its commit was not answered (${refused.message}). ${states.unknown}`,
      { code: refused.code, side: 'target', step, targetState: 'unknown' },
    )
  }
}

async function outcomeOf(database: DatabaseTarget, transaction: string): Promise<string | undefined> {
  const end = performance.now() + askMs
  while (performance.now() < end) {
    const status = await statusOf(database, transaction, end - performance.now()).catch(unreachable)
    if (status === 'committed' || status === 'aborted') return status
    await sleep(askEveryMs)
  }
  return undefined
}

/** The server may be back at the next attempt. Other errors are bugs. */
function unreachable(error: unknown): undefined {
  if (!(error instanceof DatabaseError || error instanceof Problem)) throw error
}

async function statusOf(database: DatabaseTarget, transaction: string, withinMs: number) {
  const signal = AbortSignal.timeout(Math.ceil(withinMs))
  await using session = await openSession('target', database, { lockTimeoutMs: 1_000, silenceMs: 60_000 }, signal)
  const [[status] = []] = await session.query('SELECT txid_status($1)', [transaction])
  return status
}
