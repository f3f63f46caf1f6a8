import { SideError } from '../copy/databases/session.ts'
import type { Session } from './session.ts'

/** What is wrong with a row: a value, a constraint, a limit of the program, or a damaged page. */
const ofRow = /^(2[0-3]|54|XX)/

/**
 * Does a thing to all of a list. Where that fails because of one of them, does it to the halves, down to the one that is at fault.
 *
 * @param session in a transaction
 * @param onBad receives what cannot be done, with the reason
 */
export async function withoutBad<T>(
  session: Session,
  all: readonly T[],
  work: (some: readonly T[]) => Promise<void>,
  onBad: (one: T, error: SideError) => void,
): Promise<void> {
  await session.query('SAVEPOINT part')
  try {
    await work(all)
    await session.query('RELEASE SAVEPOINT part')
    return
  } catch (error) {
    if (!(error instanceof SideError && error.side === session.side && ofRow.test(error.code))) throw error
    await session.query('ROLLBACK TO SAVEPOINT part')
    await session.query('RELEASE SAVEPOINT part')
    const [one, ...others] = all
    if (one !== undefined && others.length === 0) onBad(one, error)
    if (others.length === 0) return
  }
  const middle = Math.ceil(all.length / 2)
  await withoutBad(session, all.slice(0, middle), work, onBad)
  await withoutBad(session, all.slice(middle), work, onBad)
}
