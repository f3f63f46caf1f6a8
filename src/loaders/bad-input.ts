/** The caller gave something that cannot be answered. The message is meant for the caller. */
export class BadInput extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadInput'
  }
}

/**
 * Refuses a text that PostgreSQL cannot hold in any encoding. The driver would send half of a surrogate pair as U+FFFD, which
 * is another text.
 *
 * @throws BadInput
 */
export function checkText(text: string): void {
  if (text.includes('\0')) throw new BadInput('A text holds the character U+0000, which no value of the database has.')
  if (!text.isWellFormed()) throw new BadInput('A text holds half of a surrogate pair. Send well-formed Unicode.')
}
