import type { GraphQLError } from 'graphql'
import type { Settings } from '../config/settings.ts'
import { codedError } from '../errors/coded-error.ts'

/** The error for a document that exceeds a limit. It names the setting, so that the document or the limit can be changed. */
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

/** Fails the whole operation, so that it is reported once and not for every field. */
export function answerTooLarge({ what, found, limit }: { what: string; found: number; limit: number }): GraphQLError {
  return tooCostly(
    'LIMIT_RESPONSE_BYTES',
    what,
    found,
    limit,
    'Request smaller pages, or fewer bodies and headers at a time.',
  )
}
