import { describe, expect, it } from 'vitest'
import type { Facts, StoredTest } from '../../console/selector/verdict.ts'
import { verdictOf } from '../../console/selector/verdict.ts'

const now = Date.parse('2026-11-26T12:00:00Z')
const ago = (seconds: number) => new Date(now - seconds * 1_000).toISOString()
const hour = 3_600
const day = 24 * hour

function test(age: number, latencyMs: number | null): StoredTest {
  return { started: ago(age), concluded: latencyMs === null ? null : ago(age - latencyMs / 1_000), latencyMs }
}
const good: Facts = { lastSeen: ago(hour), tokens: [ago(day)], tests: [test(2 * hour, 1_200)] }

function verdict(facts: Partial<Facts>) {
  const { level, title, findings } = verdictOf({ ...good, ...facts }, now)
  return { level, title, texts: findings.map(({ text }) => text) }
}

describe('The verdict', () => {
  it('is good where a token is stored and the last push was answered in time', () => {
    expect(verdict({})).toEqual({
      level: 'good',
      title: 'Pushes arrived in time',
      texts: [
        '1 token is stored; the device last reported one 24 h ago.',
        'The last push test was answered 2 h ago in 1.2 s.',
        'The app last contacted SIPIS 1 h ago.',
      ],
    })
  })

  it('is bad without a token, whatever was answered before', () => {
    const { level, title, texts } = verdict({ tokens: [] })
    expect([level, title]).toEqual(['bad', 'No push can be sent'])
    expect(texts[0]).toBe('No token is stored now, so SIPIS cannot wake the device.')
  })

  it('is bad where several pushes in a row had no answer', () => {
    const tests = [test(hour, null), test(day, null), test(2 * day, 900)]
    const { level, title, texts } = verdict({ tests })
    expect([level, title]).toEqual(['bad', 'Pushes do not arrive'])
    expect(texts[1]).toBe('The last 2 push tests had no answer, the newest of 1 h ago; the one before was answered.')
    expect(verdict({ tests: tests.slice(0, 2) }).texts[1]).toBe(
      'None of the last 2 push tests was answered, the newest of 1 h ago.',
    )
  })

  it('does not count a push that was just sent', () => {
    expect(verdict({ tests: [test(5, null), test(hour, 800)] }).level).toBe('good')
    expect(verdict({ tests: [test(5, null)] }).level).toBe('unsure')
    expect(verdict({ tests: [test(16, null), test(hour, 800)] }).level).toBe('unsure')
  })

  it('takes an answer after 15 s for a missed call', () => {
    expect(verdict({ tests: [test(hour, 15_000)] }).level).toBe('good')
    const { level, texts } = verdict({ tests: [test(hour, 15_001)] })
    expect(level).toBe('unsure')
    expect(texts[1]).toContain('too late for a call')
  })

  it('is unsure where facts are old or missing', () => {
    expect(verdict({ tokens: [ago(40 * day)] }).level).toBe('unsure')
    expect(verdict({ tokens: [null] }).texts[0]).toContain('not recorded')
    expect(verdict({ tests: [] }).title).toBe('No push was tested')
    expect(verdict({ tests: [test(8 * day, 500)] }).level).toBe('unsure')
    expect(verdict({ tests: [test(hour, 500), test(day, null)] }).texts[1]).toContain('of the last 2, 1 were answered')
  })

  it('never says that the account is registered', () => {
    for (const facts of [good, { ...good, tokens: [] }, { ...good, tests: [] }])
      expect(JSON.stringify(verdictOf(facts, now))).not.toMatch(/register/i)
  })
})
