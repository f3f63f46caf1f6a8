import type { ProblemKind } from './problem-kinds.ts'

/** An error that the operator can fix. Its message is a sentence about what is wrong and one about what to do. */
export class Problem extends Error {
  /** For programs. Not called `code`, by which errors of the operating system are recognized. */
  readonly kind: string

  /** @param code of the server or the operating system, which takes the place of a kind */
  constructor(message: string, kind: ProblemKind = 'PROBLEM', code: string = kind) {
    super(message)
    this.name = 'Problem'
    this.kind = code
  }
}

/** Runs `work`, and gives problems of no other kind this one. */
export function inKind<T>(kind: ProblemKind, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Problem && error.kind === 'PROBLEM' ? new Problem(error.message, kind) : error
  }
}
