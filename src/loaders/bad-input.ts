/** The caller gave something that cannot be answered. The message is meant for the caller. */
export class BadInput extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadInput'
  }
}
