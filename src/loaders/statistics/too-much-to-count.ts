/** A statistic would read more rows than it may. The message is part of the response, and says what would pass. */
export class TooMuchToCount extends Error {
  /** The limit, for the extensions of the error. */
  readonly details: { readonly code?: never; readonly [name: string]: string | number | undefined }

  constructor(message: string, details: TooMuchToCount['details']) {
    super(message)
    this.name = 'TooMuchToCount'
    this.details = details
  }
}
