import { GraphQLError, Kind } from 'graphql'
import { Forbidden } from '../auth/forbidden.ts'
import { brief } from '../documents/brief.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { errorCatalogue } from '../errors/catalogue.ts'
import type { Details } from '../errors/coded-error.ts'
import { codedError } from '../errors/coded-error.ts'
import type { DatabaseFailure } from '../errors/database-error.ts'
import { cancelled, DatabaseError } from '../errors/database-error.ts'
import { ChangesUnsupported } from '../live/pull.ts'
import { BadInput } from '../loaders/bad-input.ts'
import { TooMuchToCount } from '../loaders/statistics/too-much-to-count.ts'
import { maxErrors, unlisted } from '../loaders/usage.ts'
import type { Observe, OperationFailed } from '../telemetry/observation.ts'
import type { ArgumentAtFault, ArgumentPath } from './argument-at-fault.ts'

/** Error that clients see for a failure. */
interface ClientError {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: Details
}

/** When a client may try again what is UNAVAILABLE. The header Retry-After says the same. */
export const retryAfterSeconds = 5

/** Response errors for database failures. */
const databaseFailures: Readonly<Record<DatabaseFailure, ClientError>> = {
  input: { code: 'BAD_USER_INPUT', message: 'A value is out of range or in a format that the database cannot read.' },
  timeout: {
    code: 'TIMEOUT',
    message: 'The database took too long. Request less: a shorter period, a smaller page, no totalCount.',
  },
  slow: { code: 'TIMEOUT', message: 'The database is slow or locked now. Try again in a few seconds.' },
  unavailable: {
    code: 'UNAVAILABLE',
    message: 'The database cannot be reached now. Try again in a few seconds.',
    details: { retryAfterSeconds },
  },
  unreadable: {
    code: 'UNAVAILABLE',
    message: 'The gateway cannot read this data: a table, column or privilege is missing. The log contains the cause.',
    details: { retryAfterSeconds },
  },
  unexpected: {
    code: 'INTERNAL',
    message: 'The gateway failed unexpectedly. The log contains the cause.',
  },
}

const changesUnsupported: ClientError = {
  code: 'NOT_SUPPORTED',
  message:
    'This database, or the role of the gateway, does not allow `changes`. The operator can run sipis-gateway check.',
}

/** Codes of errors that resolvers create for clients. Their messages are shown unchanged. */
const ownCodes: ReadonlySet<unknown> = new Set<ErrorCode>(['FORBIDDEN', 'NOT_SUPPORTED', 'TOO_COSTLY'])

/**
 * Converts errors of an operation into response errors: messages without internals, and a code for clients to branch on. Errors that
 * the caller did not cause are observed, once per code regardless of the number of failed fields, without parameters.
 */
export function maskErrors(
  errors: readonly GraphQLError[],
  observe: Observe,
  { argumentOf = () => undefined, requestId }: MaskOptions = {},
): GraphQLError[] {
  const failures = new Map<ErrorCode, Failure>()
  const shown: GraphQLError[] = []
  for (const error of errors) {
    if (error === unlisted) continue
    const cause = rootCause(error)
    const replacement = clientError(cause, error)
    if (replacement !== undefined && isReported(replacement, cause)) count(failures, replacement.code, cause, error)
    if (shown.length >= maxErrors) continue
    if (replacement === undefined) shown.push(error)
    else shown.push(masked(error, withArgument(replacement, cause, error, argumentOf), requestId))
  }
  for (const failure of failures.values()) observe({ ...failure, requestId })
  const omitted = errors.length - shown.length
  return omitted === 0 ? shown : [...shown, moreErrors(omitted)]
}

export interface MaskOptions {
  readonly argumentOf?: ArgumentAtFault
  /** Included in errors of the server. */
  readonly requestId?: string
}

interface Failure extends Omit<OperationFailed, 'fields'> {
  fields: number
}

function count(failures: Map<ErrorCode, Failure>, code: ErrorCode, cause: Error, { path }: GraphQLError): void {
  const known = failures.get(code)
  if (known !== undefined) known.fields++
  else {
    const detail = cause instanceof DatabaseError ? { sqlstate: cause.code } : { stack: cause.stack }
    failures.set(code, {
      kind: 'operationFailed',
      code,
      path: path?.join('.') ?? '',
      fields: 1,
      cause: cause.message,
      ...detail,
    })
  }
}

/** Adds the request id to server errors, for the operator. Client errors have none, so that equal requests have equal responses. */
function masked(
  { nodes, path }: GraphQLError,
  { code, message, details }: ClientError,
  requestId: string | undefined,
): GraphQLError {
  const id = requestId !== undefined && errorCatalogue[code].fault === 'server' ? { requestId } : {}
  return codedError(code, message, { ...details, ...id }, { nodes: nodes ?? null, path: path ?? null })
}

function moreErrors(omitted: number): GraphQLError {
  return codedError(
    'TOO_COSTLY',
    `${omitted} more errors are omitted; the first ${maxErrors} are listed. Request smaller pages to see them all.`,
    { omitted },
  )
}

function isReported({ code }: ClientError, cause: Error): boolean {
  return errorCatalogue[code].fault === 'server' && !isCancelled(cause)
}

/** The caller disconnected or the operation exceeded LIMIT_OPERATION_MS; not a database failure. */
function isCancelled(cause: Error): boolean {
  return cause instanceof DatabaseError && cause.code === cancelled().code
}

/** Returns the replacement for an error; undefined if clients may see the error as it is. */
function clientError(cause: Error, located: GraphQLError): ClientError | undefined {
  if (cause instanceof Forbidden)
    return { code: 'FORBIDDEN', message: cause.message, details: { requires: cause.requires } }
  // The located message is used, because graphql-js prefixes it with the variable or argument.
  if (cause instanceof BadInput) return { code: 'BAD_USER_INPUT', message: brief(located.message) }
  if (cause instanceof TooMuchToCount) return { code: 'TOO_COSTLY', message: cause.message, details: cause.details }
  if (cause instanceof ChangesUnsupported) return changesUnsupported
  if (cause instanceof DatabaseError) return databaseFailures[cause.failure]
  if (cause instanceof GraphQLError) {
    if (ownCodes.has(cause.extensions['code'])) return undefined
    // From graphql-js: a variable of the wrong type, or a null variable for a non-null argument or directive.
    if (located.path === undefined || namesValue(cause))
      return { code: 'BAD_USER_INPUT', message: brief(located.message) }
  }
  return databaseFailures.unexpected
}

/** Adds the path of the argument at fault, if it is known, to errors of the caller's input. */
function withArgument(
  shown: ClientError,
  cause: Error,
  located: GraphQLError,
  argumentOf: ArgumentAtFault,
): ClientError {
  if (shown.code !== 'BAD_USER_INPUT') return shown
  const argument: ArgumentPath | undefined =
    cause instanceof BadInput && cause.argument !== undefined ? cause.argument : argumentOf(located)
  return argument === undefined ? shown : { ...shown, details: { ...shown.details, argument } }
}

/** Whether the error is located at an argument, value or directive. Errors of resolvers and results are located at fields. */
function namesValue({ nodes = [] }: GraphQLError): boolean {
  return nodes.some(({ kind }) => kind !== Kind.FIELD)
}

function rootCause(error: unknown): Error {
  if (error instanceof GraphQLError && error.originalError != null) return rootCause(error.originalError)
  return error instanceof Error ? error : new Error(String(error))
}
