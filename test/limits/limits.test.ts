import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultLimits, scansOf } from '../../src/limits/limits.ts'
import { answerTooLarge, tooCostly } from '../../src/limits/too-costly.ts'

describe('The limits', () => {
  it('are by default what docs/security.md says', () => {
    const rows = readFileSync('docs/security.md', 'utf8').matchAll(/^\| `LIMIT_([A-Z_]+)` +\| (\d+) +\|/gm)
    const documented = [...rows].map(([, name = '', value]) => [
      name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      Number(value),
    ])
    // These depend on the machine.
    const { scans, scansPerCaller, ...others } = defaultLimits
    expect([scans, scansPerCaller].every((count) => count >= 1 && count <= 5)).toBe(true)
    expect(Object.fromEntries(documented)).toEqual(others)
  })
})

describe('Scans', () => {
  it('take half of the pool or of the processors, whichever is less, and of that one caller half', () => {
    expect(scansOf(1)).toEqual({ scans: 1, scansPerCaller: 1 })
    expect(scansOf(10, 1)).toEqual({ scans: 1, scansPerCaller: 1 })
    expect(scansOf(10, 4)).toEqual({ scans: 2, scansPerCaller: 1 })
    expect(scansOf(10, 64)).toEqual({ scans: 5, scansPerCaller: 3 })
    expect(scansOf(16, 9)).toEqual({ scans: 4, scansPerCaller: 2 })
    expect(defaultLimits).toMatchObject(scansOf(10))
  })
})

describe('A refusal', () => {
  it('names what was found, the limit, its setting, and what to do', () => {
    const { message, extensions } = tooCostly('LIMIT_DEPTH', 'Levels of the query', 17, 16, 'Ask for less.')
    expect(message).toBe('Levels of the query: 17; the limit is 16 (LIMIT_DEPTH). Ask for less.')
    expect(extensions).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_DEPTH', limit: 16, found: 17 })
  })

  it('does not say a number that is not exact', () => {
    const { message, extensions } = tooCostly('LIMIT_FIELDS', 'Fields', 2 ** 60, 16, 'Ask for less.')
    expect(message).toBe('Fields: too many to count; the limit is 16 (LIMIT_FIELDS). Ask for less.')
    expect(extensions).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_FIELDS', limit: 16 })
  })

  it('of an answer names LIMIT_RESPONSE_BYTES', () => {
    const { message, extensions } = answerTooLarge({ what: 'Bytes', found: 11, limit: 10 })
    expect(message).toMatch(/^Bytes: 11; the limit is 10 \(LIMIT_RESPONSE_BYTES\)\. Ask for smaller pages/)
    expect(extensions).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_RESPONSE_BYTES', limit: 10, found: 11 })
  })
})
