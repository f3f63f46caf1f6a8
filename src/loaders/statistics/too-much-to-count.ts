import type { Details } from '../../errors/coded-error.ts'

/** A statistic would read more rows than it may. The message is part of the response, and says what would pass. */
export class TooMuchToCount extends Error {
  /** The limit, for the extensions of the error. */
  readonly details: Details

  constructor(message: string, details: Details) {
    super(message)
    this.name = 'TooMuchToCount'
    this.details = details
  }
}
