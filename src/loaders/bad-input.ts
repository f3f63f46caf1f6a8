/** Invalid input from the caller. The message is part of the response. */
export class BadInput extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BadInput'
  }
}

/**
 * Validates a string that becomes a statement parameter. PostgreSQL cannot store U+0000, and the driver would replace an unpaired
 * surrogate with U+FFFD, which is a different string.
 *
 * @throws BadInput if the string contains U+0000 or an unpaired surrogate
 */
export function checkText(text: string): void {
  if (text.includes('\0')) throw new BadInput('A string contains the character U+0000, which PostgreSQL cannot store.')
  if (!text.isWellFormed()) throw new BadInput('A string contains an unpaired surrogate. Send well-formed Unicode.')
}
