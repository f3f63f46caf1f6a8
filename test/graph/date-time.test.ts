import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatInstant, millisecondsBetween, parseInstant } from '../../src/graph/date-time.ts'

const instants = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59Z'),
  noInvalidDate: true,
})
const micros = fc.integer({ min: 0, max: 999_999 })

/** Formats as PostgreSQL prints it, without trailing zeros. */
function printed(date: Date, microseconds: number): string {
  const fraction = microseconds === 0 ? '' : `.${String(microseconds).padStart(6, '0').replace(/0+$/, '')}`
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}${fraction}+00`
}

describe('A DateTime', () => {
  it('is formatted with all microseconds', () => {
    fc.assert(
      fc.property(instants, micros, (date, microseconds) => {
        const wanted = `${date.toISOString().slice(0, 19)}.${String(microseconds).padStart(6, '0')}Z`
        expect(formatInstant(printed(date, microseconds))).toBe(wanted)
      }),
    )
  })

  it('can be used as an argument in its output format', () => {
    fc.assert(
      fc.property(instants, micros, (date, microseconds) => {
        const shown = formatInstant(printed(date, microseconds))
        expect(parseInstant(shown)).toBe(`${shown.slice(0, 10)} ${shown.slice(11, 26)}+00:00`)
      }),
    )
  })

  it.each([
    ['2026-11-22T06:24:17Z', '2026-11-22 06:24:17.000000+00:00'],
    ['2026-11-22t06:24:17.7018271z', '2026-11-22 06:24:17.701827+00:00'],
    ['2026-11-22T06:24:17.5-08:30', '2026-11-22 06:24:17.500000-08:30'],
    ['2024-02-29T23:59:60Z', '2024-02-29 23:59:60.000000+00:00'],
  ])('%s is parsed as defined by RFC 3339', (text, wanted) => {
    expect(parseInstant(text)).toBe(wanted)
  })

  it.each([
    '2026-11-22',
    '2026-11-22 06:24:17Z',
    '2026-11-22T06:24Z',
    '2026-11-22T06:24:17',
    '2025-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
    '2026-01-01T00:00:00+16:00',
    '0000-01-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    'infinity',
    'now',
    '',
  ])('%j is rejected', (text) => {
    expect(() => parseInstant(text)).toThrow(/not an RFC 3339 date/)
  })

  it('parses or rejects any text, with a bounded message', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        try {
          parseInstant(text)
        } catch (error) {
          expect(String(error).length).toBeLessThan(250)
        }
      }),
    )
  })

  it('differs from another by the exact number of microseconds', () => {
    fc.assert(
      fc.property(instants, micros, fc.integer({ min: 0, max: 86_400_000 }), (date, microseconds, distance) => {
        fc.pre(date.getTime() + distance < Date.parse('9999-12-31T00:00:00Z'))
        const later = new Date(Math.floor(date.getTime() / 1000) * 1000 + Math.floor(distance / 1000) * 1000)
        const from = printed(date, 0)
        const between = millisecondsBetween(from, printed(later, microseconds))
        if (formatInstant(from) === '0001-01-01T00:00:00.000000Z') expect(between).toBeNull()
        else expect(between).toBe((Math.floor(distance / 1000) * 1_000_000 + microseconds) / 1000)
      }),
    )
  })
})
