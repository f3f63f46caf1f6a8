import type { GraphQLErrorOptions } from 'graphql'
import { GraphQLError } from 'graphql'
import type { ErrorCode } from './catalogue.ts'

/** What a client can read of an error beside its code, such as the setting of a limit. */
export interface Details {
  readonly code?: never
  readonly [name: string]: unknown
}

/** Makes an error for clients. All of them are made here, so that each has a code of the catalogue. */
export function codedError(
  code: ErrorCode,
  message: string,
  details: Details = {},
  place: Pick<GraphQLErrorOptions, 'nodes' | 'source' | 'positions' | 'path'> = {},
): GraphQLError {
  return new GraphQLError(message, { ...place, extensions: { code, ...details } })
}
