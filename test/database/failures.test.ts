import { sql } from 'drizzle-orm'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { withDeadline } from '../../src/concurrency/deadline.ts'
import { connectProblem, orProblem } from '../../src/database/connect-problem.ts'
import { literal, render } from '../../src/database/database.ts'
import { prepare } from '../../src/database/prepared.ts'
import { busy, cancelled, DatabaseError, databaseError, isStale, tooLate } from '../../src/errors/database-error.ts'
import { Problem } from '../../src/errors/problem.ts'

const withCode = (code: unknown, message = 'as the server says it') => Object.assign(new Error(message), { code })

describe('A failure of the database', () => {
  it.each([
    ['22P02', 'input'],
    ['22003', 'input'],
    ['57014', 'timeout'],
    ['55P03', 'slow'],
    ['08006', 'unavailable'],
    ['53300', 'unavailable'],
    ['57P01', 'unavailable'],
    ['57P05', 'unavailable'],
    ['25P03', 'unavailable'],
    ['ECONNREFUSED', 'unavailable'],
    ['28P01', 'unavailable'],
    ['28000', 'unavailable'],
    ['3D000', 'unavailable'],
    ['40001', 'unavailable'],
    ['25P04', 'unavailable'],
    ['57P06', 'unavailable'],
    ['42P01', 'unreadable'],
    ['42501', 'unreadable'],
    ['42703', 'unreadable'],
    ['42601', 'unexpected'],
    ['122003', 'unexpected'],
    ['220031', 'unexpected'],
    ['ERR_X', 'unexpected'],
  ])('with the code %s is %s', (code, failure) => {
    expect(databaseError(withCode(code))).toMatchObject({ name: 'DatabaseError', failure, code })
  })

  it.each([
    ['The server does not support SSL connections', 'TLS_NOT_OFFERED'],
    ['There was an error establishing an SSL connection', 'NOT_POSTGRESQL'],
    ['received invalid response: 48', 'NOT_POSTGRESQL'],
    ['Unknown authenticationOk message type', 'AUTHENTICATION_METHOD'],
    ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'NO_PASSWORD'],
    ['SASL: Only mechanisms are supported', 'AUTHENTICATION_METHOD'],
    ['timeout exceeded when trying to connect', 'CONNECT_TIMEOUT'],
    ['Timeout', 'CONNECT_TIMEOUT'],
    ['Connection terminated unexpectedly', 'CONNECTION'],
    ['it was closed', 'CONNECTION'],
  ])('without a code is recognized by the message "%s"', (message, code) => {
    expect(databaseError(new Error(message))).toMatchObject({ failure: 'unavailable', code, message })
  })

  it('with an unknown code is unexpected', () => {
    expect(databaseError(new Error('a bug'))).toMatchObject({
      failure: 'unexpected',
      code: 'UNKNOWN',
      message: 'a bug',
    })
    expect(databaseError('a text')).toMatchObject({ failure: 'unexpected', code: 'UNKNOWN', message: 'a text' })
    expect(databaseError(withCode(7, 'timeout'))).toMatchObject({ code: 'CONNECT_TIMEOUT' })
    expect(databaseError({ code: '22P02' })).toMatchObject({ code: 'UNKNOWN' })
  })

  it('with a code is not classified by its message', () => {
    expect(databaseError(withCode('42601', 'timeout'))).toMatchObject({ failure: 'unexpected', code: '42601' })
  })

  it('of several addresses is that of the first', () => {
    const both = new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')], 'all failed')
    expect(databaseError(both)).toMatchObject({ code: 'ECONNREFUSED', message: 'all failed' })
  })

  it('about a value omits the value; other failures keep their message', () => {
    expect(databaseError(withCode('22P02', 'secret')).message).toMatch(/^a value is out of the range or form/)
    expect(databaseError(withCode('57014', 'canceling statement')).message).toBe('canceling statement')
    expect(databaseError(withCode('08006', 'lost')).message).toBe('lost')
  })

  it('is returned unchanged if it is already converted', () => {
    const error = cancelled()
    expect(databaseError(error)).toBe(error)
  })

  it('of the gateway itself has a message about the cause', () => {
    expect(cancelled()).toMatchObject({ failure: 'timeout', code: 'CANCELLED', message: 'the operation was cancelled' })
    expect(tooLate(50)).toMatchObject({ failure: 'slow', code: 'TOO_LATE', message: 'no answer came within 50 ms' })
    expect(busy()).toMatchObject({ failure: 'unavailable', code: 'BUSY', message: expect.stringContaining('too many') })
  })

  it('is about a stale statement if the prepared statement is missing or its plan is out of date', () => {
    const stale = ['26000', '0A000', '42P01'].map((code) => isStale(databaseError(withCode(code))))
    expect(stale).toEqual([true, true, false])
  })
})

describe('The message for operators', () => {
  const problem = (code: string, message = 'it failed') =>
    connectProblem('here', new DatabaseError('unavailable', code, message)).message

  it.each([
    ['ECONNREFUSED', 'start PostgreSQL'],
    ['ECONNRESET', 'closed before PostgreSQL answered'],
    ['EPIPE', 'closed before PostgreSQL answered'],
    ['CONNECTION', 'closed before PostgreSQL answered'],
    ['ENOENT', 'no such socket'],
    ['EACCES', 'may not use the socket'],
    ['ENOTFOUND', 'host name is unknown'],
    ['EAI_AGAIN', 'name service'],
    ['ETIMEDOUT', 'firewall'],
    ['EHOSTUNREACH', 'cannot be reached'],
    ['ENETUNREACH', 'cannot be reached'],
    ['CONNECT_TIMEOUT', 'No answer came in time'],
    ['NOT_POSTGRESQL', 'not that of a PostgreSQL server'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'not that of a PostgreSQL server'],
    ['NO_PASSWORD', 'PGPASSWORD'],
    ['AUTHENTICATION_METHOD', 'scram-sha-256'],
    ['TLS_NOT_OFFERED', 'sslmode=prefer'],
    ['EPROTO', 'ssl_min_protocol_version'],
    ['CERT_HAS_EXPIRED', 'renew it'],
    ['CERT_NOT_YET_VALID', 'clocks'],
    ['CERT_REVOKED', 'revoked'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another name'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'sslrootcert'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'sslrootcert'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'sslrootcert'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'sslrootcert'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'sslrootcert'],
    ['28P01', 'User or password is wrong'],
    ['28000', 'pg_hba.conf'],
    ['3D000', 'no database of this name'],
    ['42501', 'GRANT'],
    ['53300', 'DATABASE_POOL_SIZE'],
    ['57P03', 'try again'],
    ['57014', 'raise DATABASE_STATEMENT_TIMEOUT_MS'],
    ['08P01', 'not that of a PostgreSQL server'],
    ['ERR_OUT_OF_RANGE', 'not that of a PostgreSQL server'],
  ])('describes what to do for %s', (code, words) => {
    expect(problem(code)).toMatch(/^The database here cannot be used: it failed\. /)
    expect(problem(code).slice('The database here cannot be used: it failed. '.length)).toContain(words)
  })

  it('refers to the log of the server for other failures', () => {
    expect(problem('XX000')).toBe('The database here cannot be used: it failed. Look into the log of the server.')
  })

  it.each(['SSL error', 'no tls here', 'bad Certificate', 'self-signed', 'self signed'])(
    'refers to the TLS settings if the failure mentions "%s"',
    (message) => {
      expect(problem('XX000', message)).toMatch(/\. Check sslmode and sslrootcert\.$/)
    },
  )

  it('quotes one line of at most 300 characters, without control characters', () => {
    expect(problem('XX000', ' a\n\u001b[31m  b\t.')).toContain('cannot be used: a [31m b . Look')
    expect(problem('XX000', 'x'.repeat(301))).toContain(`: ${'x'.repeat(300)}. Look`)
    expect(problem('XX000', 'It ended.')).toContain(': It ended. Look')
    expect(problem('XX000', ' \n')).toContain(': XX000. Look')
  })

  it('replaces a DatabaseError, and no other error', async () => {
    expect(await orProblem('here', async () => 7)).toBe(7)
    const problemOf = (error: Error) => orProblem('here', () => Promise.reject(error)).catch((found: unknown) => found)
    expect(await problemOf(cancelled())).toBeInstanceOf(Problem)
    const other = new Error('other')
    expect(await problemOf(other)).toBe(other)
  })
})

describe('A deadline', () => {
  const forever = new Promise<string>(() => undefined)

  it('settles with the work, and does not call onGivenUp afterwards', async () => {
    let givenUp = 0
    const leaving = new AbortController()
    const patience = { signal: leaving.signal, timeoutMs: 5, onGivenUp: () => void givenUp++ }
    expect(await withDeadline(Promise.resolve('answer'), patience)).toBe('answer')
    await expect(withDeadline(Promise.reject(new Error('no')), patience)).rejects.toThrow('no')
    leaving.abort()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(givenUp).toBe(0)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    await withDeadline(Promise.resolve('answer'), { signal: undefined, timeoutMs: 5 })
    await Promise.resolve()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rejects when the signal is aborted, before or after the start', async () => {
    const leaving = new AbortController()
    const givenUp: string[] = []
    const work = withDeadline(forever, { signal: leaving.signal, onGivenUp: () => givenUp.push('after') })
    leaving.abort()
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    const late = withDeadline(forever, { signal: leaving.signal, onGivenUp: () => givenUp.push('before') })
    await expect(late).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(givenUp).toEqual(['after', 'before'])
  })

  it('rejects at the time limit, with and without a signal', async () => {
    let givenUp = 0
    const onGivenUp = () => void givenUp++
    await expect(withDeadline(forever, { signal: undefined, timeoutMs: 5, onGivenUp })).rejects.toMatchObject({
      code: 'TOO_LATE',
      message: 'no answer came within 5 ms',
    })
    const { signal } = new AbortController()
    await expect(withDeadline(forever, { signal, timeoutMs: 5, onGivenUp })).rejects.toMatchObject({ code: 'TOO_LATE' })
    expect(givenUp).toBe(2)
  })

  it('without a signal and a time limit returns the work itself', () => {
    expect(withDeadline(forever, { signal: undefined })).toBe(forever)
  })
})

describe('A statement', () => {
  const text = sql`SELECT ${'constant'}, ${sql.placeholder('b')}, ${sql.placeholder('a')}`

  it('is rendered once, with its values as numbered parameters', () => {
    expect(render(sql`SELECT ${7} FROM ${sql.identifier('a"b')}`)).toEqual({
      text: 'SELECT $1 FROM "a""b"',
      values: [7],
    })
    const statement = { text: 'SELECT 1', values: [] }
    expect(render(statement)).toBe(statement)
    expect(literal(`it's '`)).toBe(`'it''s '''`)
  })

  it('is called with different values by name', () => {
    const prepared = prepare(text)
    expect(prepared({ a: 1, b: 2 })).toEqual({
      text: 'SELECT $1, $2, $3',
      values: ['constant', 2, 1],
      name: undefined,
      lookUp: undefined,
    })
    expect(prepared({ a: 3, b: null }).values).toEqual(['constant', null, 3])
  })

  it('is named if one plan suits all values: if it is a look-up or is declared as planned', () => {
    const name = prepare(text, { lane: 'calls' })({}).name
    expect(name).toMatch(/^sipis_[0-9a-f]{16}$/)
    expect(prepare(text, { planned: true })({}).name).toBe(name)
    expect(prepare(text, { lane: 'calls' })({}).lookUp).toEqual({ lane: 'calls', slow: false })
    expect(prepare(text, { lane: 'calls', slow: true })({}).lookUp).toEqual({ lane: 'calls', slow: true })
    expect(prepare(sql`SELECT 2`, { lane: 'calls' })({}).name).not.toBe(name)
    expect(prepare(text, { lane: 'calls', planned: false })({})).toMatchObject({
      name: undefined,
      lookUp: { lane: 'calls' },
    })
  })
})
