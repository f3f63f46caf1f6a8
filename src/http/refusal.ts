import type { GraphQLError } from 'graphql'
import type { ErrorCode, StatusOf } from '../errors/catalogue.ts'
import { errorCatalogue } from '../errors/catalogue.ts'
import type { Details } from '../errors/coded-error.ts'
import { codedError } from '../errors/coded-error.ts'

/** A rejected request. Becomes an HTTP response with a GraphQL error. */
export class Refusal<Code extends ErrorCode = ErrorCode> extends Error {
  readonly status: number
  readonly code: ErrorCode
  readonly headers: Readonly<Record<string, string>>
  readonly #details: Details

  /** The catalogue says with which statuses a code refuses a request; others do not compile. */
  constructor(
    status: StatusOf<Code>,
    code: Code,
    message: string,
    { headers = {}, ...details }: Details & { headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.headers = headers
    const { 'retry-after': retryAfter } = headers
    this.#details = retryAfter === undefined ? details : { ...details, retryAfterSeconds: Number(retryAfter) }
  }

  get errors(): readonly GraphQLError[] {
    return [codedError(this.code, this.message, this.#details)]
  }

  /** With the id of the request if the operator has to find its cause. */
  errorsFor(requestId: string): readonly GraphQLError[] {
    if (errorCatalogue[this.code].fault === 'client') return this.errors
    return [codedError(this.code, this.message, { ...this.#details, requestId })]
  }
}
