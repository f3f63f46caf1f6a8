/** An error that the operator can fix. Its message is a sentence about what is wrong and one about what to do. */
export class Problem extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Problem'
  }
}
