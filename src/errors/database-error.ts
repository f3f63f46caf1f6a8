/**
 * What a failure of the database means to the caller.
 *
 * - `input`: PostgreSQL cannot read a value, so the caller has to correct it.
 * - `timeout`: the statement ran into its time limit.
 * - `unavailable`: the database cannot be reached or takes no work now; the same request may succeed later.
 * - `unexpected`: everything else, such as a missing table or privilege.
 */
export type DatabaseFailure = 'input' | 'timeout' | 'unavailable' | 'unexpected'

/** The only error that a Database throws. Its message contains no parameters, so it may be logged. */
export class DatabaseError extends Error {
  readonly failure: DatabaseFailure
  /** SQLSTATE, or the operating system's code (such as ECONNREFUSED) if the server did not answer. */
  readonly code: string

  constructor(failure: DatabaseFailure, code: string, message: string) {
    super(message)
    this.name = 'DatabaseError'
    this.failure = failure
    this.code = code
  }
}

const unavailable = /^(08...|53...|57P0[1-5]|25P03|E[A-Z]+)$/
const timeout = new Set(['57014', '55P03'])
/** Data exceptions quote the offending value in their message. */
const dataException = /^22...$/

/** The operation has exceeded its time, or its caller has disconnected. */
export function cancelled(): DatabaseError {
  return new DatabaseError('timeout', 'CANCELLED', 'the operation was cancelled')
}

/** A look-up has exceeded its deadline. */
export function tooLate(timeoutMs: number): DatabaseError {
  return new DatabaseError('timeout', 'TOO_LATE', `no answer came within ${timeoutMs} ms`)
}

/** The queue of waiting statements is full. */
export function busy(): DatabaseError {
  return new DatabaseError('unavailable', 'BUSY', 'too many statements wait for the database')
}

/** Classifies an error of the server, the driver or the network. */
export function databaseError(cause: unknown): DatabaseError {
  if (cause instanceof DatabaseError) return cause
  const code = codeOf(cause)
  const message = cause instanceof Error ? cause.message : String(cause)
  if (code !== undefined && dataException.test(code)) {
    return new DatabaseError('input', code, 'a value is out of the range or form that PostgreSQL can read')
  }
  if (code !== undefined && timeout.has(code)) return new DatabaseError('timeout', code, message)
  const own = code === undefined ? driverCode(message) : undefined
  if (own !== undefined) return new DatabaseError('unavailable', own, message)
  if (code !== undefined && unavailable.test(code)) return new DatabaseError('unavailable', code, message)
  return new DatabaseError('unexpected', code ?? 'UNKNOWN', message)
}

/** Codes for errors of the driver that have a message only. The first match wins. */
const driverMessages: readonly (readonly [RegExp, string])[] = [
  [/server does not support SSL/, 'TLS_NOT_OFFERED'],
  [/error establishing an SSL|invalid response/, 'NOT_POSTGRESQL'],
  [/authenticationOk message type/, 'AUTHENTICATION_METHOD'],
  [/password must be/, 'NO_PASSWORD'],
  [/^SASL/, 'AUTHENTICATION_METHOD'],
  [/timeout/i, 'CONNECT_TIMEOUT'],
  [/connect|terminat|closed/i, 'CONNECTION'],
]

function driverCode(message: string): string | undefined {
  return driverMessages.find(([pattern]) => pattern.test(message))?.[1]
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

/** Whether the session has lost its prepared statement, or its plan is out of date because a table has changed. */
export function isStale({ code }: DatabaseError): boolean {
  return code === '26000' || code === '0A000'
}
