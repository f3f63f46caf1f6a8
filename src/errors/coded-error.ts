import type { GraphQLErrorOptions } from 'graphql'
import { GraphQLError } from 'graphql'
import type { ErrorCode, ExtensionName } from './catalogue.ts'

/** Extensions of an error in addition to its code, such as the setting of a limit. */
export type Details = { readonly code?: never } & { readonly [Name in ExtensionName]?: unknown }

/** Creates an error for clients. No other function does, so that every error has a code of the catalogue. */
export function codedError(
  code: ErrorCode,
  message: string,
  details: Details = {},
  place: Pick<GraphQLErrorOptions, 'nodes' | 'source' | 'positions' | 'path'> = {},
): GraphQLError {
  return new GraphQLError(message, { ...place, extensions: { code, ...details } })
}
