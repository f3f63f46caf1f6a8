import type { GraphQLErrorExtensions } from 'graphql'
import { GraphQLError } from 'graphql'

/** Error codes for clients to branch on, documented in docs/api.md. */
export type RefusalCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'RATE_LIMITED'
  | 'TOO_COSTLY'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'UNAVAILABLE'

/** A rejected request. Becomes an HTTP response with a GraphQL error. */
export class Refusal extends Error {
  readonly status: number
  readonly code: RefusalCode
  readonly headers: Readonly<Record<string, string>>
  readonly extensions: GraphQLErrorExtensions

  constructor(
    status: number,
    code: RefusalCode,
    message: string,
    { headers = {}, ...extensions }: { headers?: Record<string, string> } & GraphQLErrorExtensions = {},
  ) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.headers = headers
    this.extensions = extensions
  }

  get errors(): readonly GraphQLError[] {
    return [new GraphQLError(this.message, { extensions: { ...this.extensions, code: this.code } })]
  }
}
