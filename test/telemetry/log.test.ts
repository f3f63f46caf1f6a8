import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLog } from '../../src/telemetry/log.ts'

describe('The log', () => {
  const lines: object[] = []
  const log = createLog(pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) }))

  beforeEach(() => {
    lines.length = 0
    vi.useFakeTimers()
  })
  afterEach(() => void vi.useRealTimers())

  it('has a line with the stack of what failed because of a bug', () => {
    log({ kind: 'requestFailed', error: new RangeError('beyond') })
    expect(lines).toMatchObject([
      { level: 50, msg: 'A request failed', stack: expect.stringMatching(/RangeError: beyond/) },
    ])
  })

  it('counts refused credentials by reason, in one line per ten seconds', () => {
    for (let n = 0; n < 3; n++) log({ kind: 'credentialRefused', reason: 'expired' })
    for (let n = 0; n < 30; n++) log({ kind: 'credentialRefused', reason: `reason ${n}` })
    expect(lines).toEqual([])
    vi.advanceTimersByTime(10_000)
    expect(lines).toMatchObject([{ level: 40, refused: { expired: 3, 'reason 18': 1, 'other reasons': 11 } }])
    vi.advanceTimersByTime(60_000)
    expect(lines).toHaveLength(1)
  })

  it('leaves out what only counts', () => {
    log({ kind: 'connectionOpened', lane: 'calls' })
    expect(lines).toEqual([])
  })
})
