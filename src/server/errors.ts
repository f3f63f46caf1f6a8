import { GraphQLError, Kind } from 'graphql'
import type { Logger } from 'pino'
import { Forbidden } from '../auth/forbidden.ts'
import type { DatabaseFailure } from '../database/database-error.ts'
import { cancelled, DatabaseError } from '../database/database-error.ts'
import { brief } from '../limits/brief.ts'
import { BadInput } from '../loaders/bad-input.ts'

interface Said {
  readonly code: string
  /** The limit that was exceeded, for whoever has to change it. */
  readonly setting?: string
  readonly message: string
}

/** What a client is told of a failure of the database. */
const databaseFailures: Readonly<Record<DatabaseFailure, Said>> = {
  input: { code: 'BAD_USER_INPUT', message: 'A value is out of the range or form that the database can read.' },
  timeout: {
    code: 'TIMEOUT',
    message: 'The database took too long. Ask for less: a shorter period, a smaller page, no totalCount.',
  },
  excessive: {
    code: 'TOO_COSTLY',
    setting: 'LIMIT_RESPONSE_BYTES',
    message: 'The answer would be too large. Ask for less: smaller pages, fewer bodies and headers at a time.',
  },
  unavailable: { code: 'UNAVAILABLE', message: 'The database cannot be reached now. Try again in a few seconds.' },
  unexpected: {
    code: 'INTERNAL',
    message: 'Something went wrong in the gateway. Its operator finds the cause in the log.',
  },
}

/** The codes of errors that are made for clients, here or in a resolver. */
const ownCodes = new Set<unknown>(['FORBIDDEN', 'TOO_COSTLY'])

/** What is the caller's own doing is nothing for the operator's log. */
const callersOwn = new Set(['BAD_USER_INPUT', 'TOO_COSTLY', 'FORBIDDEN'])

/**
 * Turns any error of an operation into one that a client may see: a message without inner workings and a code to branch on.
 * What is not the caller's fault is logged, once for each cause however many fields it spoilt, and without parameters.
 */
export function createErrorMask(logger: Logger): (error: unknown) => Error {
  const logged = new WeakSet<Error>()
  const log = (cause: Error, code: string, path: string) => {
    if (logged.has(cause)) return
    logged.add(cause)
    const detail = cause instanceof DatabaseError ? { sqlstate: cause.code } : { stack: cause.stack }
    logger.error({ code, path, cause: cause.message, ...detail }, 'An operation failed')
  }

  return (error) => {
    const located = error instanceof GraphQLError ? error : undefined
    const cause = rootCause(error)
    const said = tell(cause, located)
    if (said === undefined) return located ?? cause
    const { message, ...extensions } = said
    const { code } = extensions
    if (!callersOwn.has(code) && !isCancelled(cause)) log(cause, code, located?.path?.join('.') ?? '')
    return new GraphQLError(message, {
      nodes: located?.nodes ?? null,
      path: located?.path ?? null,
      extensions,
    })
  }
}

/** The caller has gone away, or has asked for more than LIMIT_OPERATION_MS allows: no trouble of the database. */
function isCancelled(cause: Error): boolean {
  return cause instanceof DatabaseError && cause.code === cancelled().code
}

/** What to say instead of the error; undefined where the error may be seen as it is. */
function tell(cause: Error, located: GraphQLError | undefined): Said | undefined {
  if (cause instanceof Forbidden) return { code: 'FORBIDDEN', message: cause.message }
  // graphql names the variable or argument in front of a scalar's own words.
  if (cause instanceof BadInput) return { code: 'BAD_USER_INPUT', message: brief(located?.message ?? cause.message) }
  if (cause instanceof DatabaseError) return databaseFailures[cause.failure]
  if (cause instanceof GraphQLError) {
    if (ownCodes.has(cause.extensions['code'])) return undefined
    // Of graphql itself: a variable of the wrong type, or null in a variable where an argument or a directive needs a value.
    if (located?.path === undefined || namesValue(cause))
      return { code: 'BAD_USER_INPUT', message: brief(cause.message) }
  }
  return databaseFailures.unexpected
}

/** Whether it points at an argument, a value or a directive of the document; errors of resolvers and their results do not. */
function namesValue({ nodes = [] }: GraphQLError): boolean {
  return nodes.some(({ kind }) => kind !== Kind.FIELD)
}

function rootCause(error: unknown): Error {
  if (error instanceof GraphQLError && error.originalError != null) return rootCause(error.originalError)
  return error instanceof Error ? error : new Error(String(error))
}
