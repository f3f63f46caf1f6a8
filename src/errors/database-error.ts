/**
 * What a failure of the database means to the caller.
 *
 * - `input`: a value that PostgreSQL cannot read, so the caller's fault.
 * - `timeout`: the statement ran into its time limit, or the operation into its own.
 * - `slow`: the database did not answer a look-up in time, or a lock was held for too long. Not because of what was asked.
 * - `unavailable`: the database cannot be reached or takes no work now; the same request may succeed later.
 * - `unreadable`: a table, column or privilege is missing.
 * - `unexpected`: everything else: a fault of the gateway.
 */
export type DatabaseFailure = 'input' | 'timeout' | 'slow' | 'unavailable' | 'unreadable' | 'unexpected'

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

/** Class 28: the role or its password was changed. 3D000: the database was dropped or renamed. 40001: a conflict on a standby. */
const unavailable = /^(08...|28...|53...|57P..|25P0[34]|3D000|40001|40P01|E[A-Z]+)$/
const missing = /^(42501|42P01|42703|3F000)$/
const timeout = '57014'
const lockNotAvailable = '55P03'
/** Data exceptions quote the offending value in their message. */
const dataException = /^22...$/

/** The operation has exceeded its time, or its caller has disconnected. */
export function cancelled(): DatabaseError {
  return new DatabaseError('timeout', 'CANCELLED', 'the operation was cancelled')
}

/** A look-up has exceeded its deadline. */
export function tooLate(timeoutMs: number): DatabaseError {
  return new DatabaseError('slow', 'TOO_LATE', `no answer came within ${timeoutMs} ms`)
}

export const silentCode = 'SILENT'

/** A connection has not answered for so long that it is taken for dead. */
export function silent(silenceMs: number): DatabaseError {
  return new DatabaseError('unavailable', silentCode, `the connection has not answered for ${silenceMs} ms`)
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
  if (code === timeout) return new DatabaseError('timeout', code, message)
  if (code === lockNotAvailable) return new DatabaseError('slow', code, message)
  const own = code === undefined ? driverCode(message) : undefined
  if (own !== undefined) return new DatabaseError('unavailable', own, message)
  if (code !== undefined && unavailable.test(code)) return new DatabaseError('unavailable', code, message)
  if (code !== undefined && isUnreadable(code)) return new DatabaseError('unreadable', code, message)
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

/** The statement ran into changes that a standby replays, or into a limit of its transaction: it can be sent again. */
export function isConflict({ code }: DatabaseError): boolean {
  return code === '40001' || code === '40P01' || code === '25P04'
}

/** The same may succeed later: the database is away, locked or slow. */
export function isPassing({ failure }: DatabaseError): boolean {
  return failure === 'unavailable' || failure === 'slow' || failure === 'timeout'
}

/** What a session has prepared is gone, or out of date because a table has changed. */
export function isStale({ code }: DatabaseError): boolean {
  return code === '26000' || code === '0A000'
}

/** Whether a SQLSTATE says that a table, column, schema or privilege is missing. */
export function isUnreadable(sqlstate: string | undefined): boolean {
  return sqlstate !== undefined && missing.test(sqlstate)
}

/** A failure to connect: whatever the server says, the database is unavailable. */
export function connectFailure(cause: unknown): DatabaseError {
  const { code, message } = databaseError(cause)
  return new DatabaseError('unavailable', code, message)
}
