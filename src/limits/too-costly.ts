import { GraphQLError } from 'graphql'

/** A document that asks for more than a limit allows. It names the limit, for whoever has to change either. */
export function tooCostly(setting: string, what: string, found: number, limit: number, advice: string): GraphQLError {
  const shown = Number.isSafeInteger(found) ? String(found) : 'too many to count'
  return new GraphQLError(`${what}: ${shown}; the limit is ${limit} (${setting}). ${advice}`, {
    extensions: { code: 'TOO_COSTLY', setting, limit, ...(Number.isSafeInteger(found) ? { found } : {}) },
  })
}

/** The whole operation fails, so that it is said once however many fields the answer has. */
export function answerTooLarge({ what, found, limit }: { what: string; found: number; limit: number }): GraphQLError {
  return tooCostly(
    'LIMIT_RESPONSE_BYTES',
    what,
    found,
    limit,
    'Ask for smaller pages, fewer bodies and headers at a time.',
  )
}
