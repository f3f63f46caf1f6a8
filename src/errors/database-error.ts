/**
 * What a failure of the database means to the caller.
 *
 * - `input`: a value that PostgreSQL cannot read, so the caller's fault.
 * - `timeout`: the statement ran into its time limit.
 * - `unavailable`: the database cannot be reached or takes no work now; the same request may succeed later.
 * - `unexpected`: everything else, such as a missing table or privilege.
 */
export type DatabaseFailure = 'input' | 'timeout' | 'unavailable' | 'unexpected'

/** The only error that a Database throws. Its message carries no parameter: it may be logged. */
export class DatabaseError extends Error {
  readonly failure: DatabaseFailure
  /** SQLSTATE, or the operating system's code (ECONNREFUSED) where there was no answer. */
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

/** So many statements wait already that another one is refused. */
export function busy(): DatabaseError {
  return new DatabaseError('unavailable', 'BUSY', 'too many statements wait for the database')
}

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

/** Failures that have no code but the driver's own words. The first that fits counts. */
const driverWords: readonly (readonly [RegExp, string])[] = [
  [/server does not support SSL/, 'TLS_NOT_OFFERED'],
  [/error establishing an SSL|invalid response/, 'NOT_POSTGRESQL'],
  [/authenticationOk message type/, 'AUTHENTICATION_METHOD'],
  [/password must be/, 'NO_PASSWORD'],
  [/^SASL/, 'AUTHENTICATION_METHOD'],
  [/timeout/i, 'CONNECT_TIMEOUT'],
  [/connect|terminat|closed/i, 'CONNECTION'],
]

function driverCode(message: string): string | undefined {
  return driverWords.find(([words]) => words.test(message))?.[1]
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

/** What a session has prepared is gone, or out of date because a table has changed. */
export function isStale({ code }: DatabaseError): boolean {
  return code === '26000' || code === '0A000'
}
