import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLog } from '../../src/telemetry/log.ts'
import type { Observation, Observe } from '../../src/telemetry/observation.ts'

describe('The log', () => {
  const lines: object[] = []
  let log: Observe
  let flush: () => void

  beforeEach(() => {
    lines.length = 0
    vi.useFakeTimers()
    const logger = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) })
    ;({ observe: log, flush } = createLog(logger))
  })
  afterEach(() => void vi.useRealTimers())

  it('contains the stack of a bug', () => {
    log({ kind: 'requestFailed', error: new RangeError('beyond') })
    expect(lines).toMatchObject([
      { level: 50, msg: 'A request failed', stack: expect.stringMatching(/RangeError: beyond/) },
    ])
  })

  it('counts rejected credentials by reason, in one line per ten seconds', () => {
    for (let n = 0; n < 3; n++) log({ kind: 'credentialRefused', reason: 'expired' })
    for (let n = 0; n < 30; n++) log({ kind: 'credentialRefused', reason: `reason ${n}` })
    expect(lines).toEqual([])
    vi.advanceTimersByTime(10_000)
    expect(lines).toMatchObject([{ level: 40, refused: { expired: 3, 'reason 18': 1, 'other reasons': 11 } }])
    vi.advanceTimersByTime(60_000)
    expect(lines).toHaveLength(1)
  })

  const failed = (sqlstate: string, path: string): Observation => ({
    kind: 'operationFailed',
    code: 'UNAVAILABLE',
    path,
    fields: 1,
    cause: 'gone',
    sqlstate,
  })

  it('contains the first of equal failures at once, and then their number once per ten seconds', () => {
    for (let n = 0; n < 500; n++) log(failed('ECONNREFUSED', `path${n}`))
    log(failed('57P01', 'other'))
    expect(lines).toMatchObject([{ path: 'path0' }, { sqlstate: '57P01' }])
    vi.advanceTimersByTime(10_000)
    expect(lines.slice(2)).toMatchObject([{ sqlstate: 'ECONNREFUSED', path: 'path499', repeated: 499 }])
    log(failed('ECONNREFUSED', 'later'))
    expect(lines).toHaveLength(3)
    vi.advanceTimersByTime(10_000)
    expect(lines.slice(3)).toMatchObject([{ path: 'later', repeated: 1 }])
    vi.advanceTimersByTime(20_000)
    log(failed('ECONNREFUSED', 'at last'))
    expect(lines.slice(4)).toMatchObject([{ path: 'at last' }])
    expect(lines[4]).not.toHaveProperty('repeated')
  })

  it('lists fifty different failures in ten seconds, and counts the others', () => {
    for (let n = 0; n < 200; n++) log(failed(`code ${n}`, 'path'))
    expect(lines).toHaveLength(50)
    vi.advanceTimersByTime(10_000)
    expect(lines.slice(50)).toMatchObject([{ msg: 'More different failures than the log lists', count: 150 }])
  })

  it('writes counts when it is flushed, and only once', () => {
    for (let n = 0; n < 3; n++) log(failed('ECONNREFUSED', 'path'))
    log({ kind: 'credentialRefused', reason: 'expired' })
    flush()
    vi.advanceTimersByTime(60_000)
    expect(lines).toMatchObject([{}, { refused: { expired: 1 } }, { repeated: 2 }])
    expect(lines).toHaveLength(3)
  })

  it('reports once that the database is unreachable, and once that it is reachable again', () => {
    log({ kind: 'connectionLost', lane: 'calls', code: '57P01' })
    for (const lane of ['calls', 'tokens', 'pool'])
      log({ kind: 'connectionFailed', lane, code: 'ECONNREFUSED', message: 'refused' })
    for (const lane of ['calls', 'tokens']) log({ kind: 'connectionOpened', lane })
    expect(lines).toMatchObject([
      { level: 40, msg: 'A database connection was lost', code: '57P01' },
      { level: 50, msg: 'The database cannot be reached', code: 'ECONNREFUSED', message: 'refused' },
      { level: 40, msg: 'The database is reachable again', failedAttempts: 3 },
    ])
    expect(lines).toHaveLength(3)
  })

  it('omits observations that are only counted', () => {
    log({ kind: 'connectionOpened', lane: 'calls' })
    expect(lines).toEqual([])
  })
})
