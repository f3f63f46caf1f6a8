/** An error that the operator can fix. Its message is a sentence about what is wrong and one about what to do. */
export class Problem extends Error {
  /** For programs: names the kind of problem. Not called `code`, by which errors of the operating system are recognized. */
  readonly kind: string

  constructor(message: string, kind = 'PROBLEM') {
    super(message)
    this.name = 'Problem'
    this.kind = kind
  }
}
