/** An error that the operator can fix. Its message is a sentence about what is wrong and one about what to do. */
export class Problem extends Error {
  /** For programs: names the kind of problem. */
  readonly code: string

  constructor(message: string, code = 'PROBLEM') {
    super(message)
    this.name = 'Problem'
    this.code = code
  }
}
