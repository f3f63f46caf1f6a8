/** Invalid input from the caller. The message is part of the response. */
export class BadInput extends Error {
  /** Path of the argument at fault, e.g. ["filter", "since"]; undefined if the thrower does not know it. */
  readonly argument: readonly (string | number)[] | undefined

  constructor(message: string, argument?: readonly (string | number)[]) {
    super(message)
    this.name = 'BadInput'
    this.argument = argument
  }

  /** The same error, of this argument. */
  of(argument: readonly (string | number)[]): BadInput {
    return new BadInput(this.message, argument)
  }
}

/** @throws BadInput if an argument is out of its range */
export function checkRange(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return
  throw new BadInput(`${name} is ${value}; it must be from ${min} to ${max}.`, [name])
}

/**
 * Validates a string that becomes a statement parameter. PostgreSQL cannot store U+0000, and the driver would replace an unpaired
 * surrogate with U+FFFD, which is a different string.
 *
 * @throws BadInput if the string contains U+0000 or an unpaired surrogate
 */
export function checkText(text: string, argument?: readonly (string | number)[]): void {
  if (text.includes('\0'))
    throw new BadInput('A string contains the character U+0000, which PostgreSQL cannot store.', argument)
  if (!text.isWellFormed())
    throw new BadInput('A string contains an unpaired surrogate. Send well-formed Unicode.', argument)
}
