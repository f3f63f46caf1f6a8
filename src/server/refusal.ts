import type { GraphQLErrorExtensions } from 'graphql'
import { GraphQLError } from 'graphql'

/** Codes that clients branch on; docs/api.md explains each. */
export type RefusalCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'RATE_LIMITED'
  | 'TOO_COSTLY'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'UNAVAILABLE'

/** Why a request is not answered, in a form that any GraphQL client understands. */
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
