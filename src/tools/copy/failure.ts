/** Says which database failed, at what, what became of the target, and what to do. */
import { connectProblem } from '../../database/connect-problem.ts'
import type { DatabaseError } from '../../errors/database-error.ts'
import { silentCode } from '../../errors/database-error.ts'
import { Problem } from '../../errors/problem.ts'
import type { Side } from './databases/session.ts'
import { SideError, sideNames } from './databases/session.ts'
import type { Phase, Step } from './phase.ts'
import { phases } from './phase.ts'

export type TargetState = 'unchanged' | 'unknown'

/** A copy that failed. Its kind is an SQLSTATE or the operating system's code; INTERRUPTED after a signal. */
export class CopyFailure extends Problem {
  readonly side: Side | undefined
  readonly phase: Phase
  readonly table: string | undefined
  readonly targetState: TargetState

  constructor(message: string, facts: { code: string; side: Side | undefined; step: Step; targetState: TargetState }) {
    super(message, 'PROBLEM', facts.code)
    this.name = 'CopyFailure'
    this.side = facts.side
    this.phase = facts.step.phase
    this.table = facts.step.table
    this.targetState = facts.targetState
  }
}

const hints: Readonly<Record<string, string>> = {
  '53100': 'Its disk is full: free some space, and run the copy again.',
  '55P03':
    'Another session holds a lock (see pg_locks). End it, or raise --lock-timeout. A program that writes to the source holds one as well: stop SIPIS.',
  '40P01': 'A deadlock with another transaction: run the copy again.',
  '42501':
    'The role lacks a privilege: run as the owner of the tables, or have the owner GRANT it. A role that may only read cannot block writers: --no-freeze copies without that.',
  '23505': 'A unique key of the target does not hold for the rows: drop it, or remove the rows from the source.',
  '23503': 'A foreign key of the target does not hold for the rows: drop it, or fill the table that it refers to.',
  '23514': 'A check or a partition of the target does not take the rows: drop the check, or create a partition.',
  '23502': 'A column of the target needs a value that a copy does not give: give it a default.',
  '22021': 'A text is not valid in its encoding: correct it in the source.',
  '22P05': 'A text has a character that the other encoding lacks: create the target in UTF8.',
  '57014': 'A statement was cancelled in the server: run the copy again.',
  '57P01': 'An administrator ended the session, or the server was stopped: run the copy again.',
  '25006': 'The server is read-only, such as a standby: copy with --no-freeze from one, and into a primary.',
  '55000': 'The server cannot do this, such as a standby: copy with --no-freeze from one, and into a primary.',
  '53400': 'A limit of the server was reached, such as temp_file_limit: raise it for the role, and run the copy again.',
  '40001': 'The database changed meanwhile: run the copy again.',
  [silentCode]: 'Check that the server runs and that the network is up, and run the copy again.',
}

export const states: Readonly<Record<TargetState, string>> = {
  unchanged: 'Nothing was written: source and target are unchanged.',
  unknown: 'The target is complete or empty: run "copy --verify-only" to find out.',
}

/** @param labels of both databases */
export function copyFailure(error: DatabaseError, step: Step, labels: Readonly<Record<Side, string>>): CopyFailure {
  const side = error instanceof SideError ? error.side : undefined
  const { code } = error
  const facts = { code, side, step, targetState: 'unchanged' } as const
  const where = side === undefined ? `${labels.source} into ${labels.target}` : `${labels[side]}, ${sideNames[side]},`
  if (step.phase === 'connecting') return new CopyFailure(connectProblem(where, error).message, facts)
  const at = `The copy failed while ${phases[step.phase]} ${step.table ?? 'the databases'}.`
  const hint = hints[code]
  const why =
    hint === undefined
      ? connectProblem(where, error).message
      : `The database ${where} reports: ${error.message.replaceAll(/\p{C}+|\s+/gu, ' ').replace(/\.$/, '')} (${code}). ${hint}`
  return new CopyFailure(`${at} ${why} ${states.unchanged}`, facts)
}

export function interrupted(step: Step): CopyFailure {
  const facts = { code: 'INTERRUPTED', side: undefined, step, targetState: 'unchanged' } as const
  return new CopyFailure('Interrupted: the target is unchanged.', facts)
}
