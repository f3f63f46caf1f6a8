import type { GraphQLError } from 'graphql'
import type { Settings } from '../config/settings.ts'
import { codedError } from '../errors/coded-error.ts'

/** The error of a document that asks for more than a limit allows. It names the setting, so that either can be changed. */
export function tooCostly(
  setting: keyof Settings,
  what: string,
  found: number,
  limit: number,
  advice: string,
): GraphQLError {
  const shown = Number.isSafeInteger(found) ? String(found) : 'too many to count'
  return codedError('TOO_COSTLY', `${what}: ${shown}; the limit is ${limit} (${setting}). ${advice}`, {
    setting,
    limit,
    ...(Number.isSafeInteger(found) ? { found } : {}),
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
