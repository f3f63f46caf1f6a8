/** Something that the operator has to mend. The message is one sentence of what is wrong and one of what to do. */
export class Problem extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Problem'
  }
}
