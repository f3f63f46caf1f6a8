import { GraphQLError } from 'graphql'

/** A document that asks for more than a limit allows. It names the limit, for whoever has to change either. */
export function tooCostly(setting: string, what: string, found: number, limit: number, advice: string): GraphQLError {
  const shown = Number.isSafeInteger(found) ? String(found) : 'too many to count'
  return new GraphQLError(`${what}: ${shown}; the limit is ${limit} (${setting}). ${advice}`, {
    extensions: { code: 'TOO_COSTLY', setting, limit, ...(Number.isSafeInteger(found) ? { found } : {}) },
  })
}
