import fc from 'fast-check'
import { pino } from 'pino'
import { expect, it, vi } from 'vitest'
import { createJsonLines } from '../../src/telemetry/json-lines.ts'

const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined), fc.string({ unit: 'binary' }))
const fields = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), value, { minKeys: 1 })

it('Lines of JSON are those that pino writes, byte by byte', () => {
  vi.useFakeTimers()
  try {
    fc.assert(
      fc.property(fields, fc.string(), (given, message) => {
        const lines: string[] = []
        const target = { write: (line: string) => void lines.push(line) }
        const entry = { audit: true, ...given }
        createJsonLines(target).info(entry, message)
        pino({ base: null }, target).info(entry, message)
        expect(lines[0]).toBe(lines[1])
      }),
    )
  } finally {
    vi.useRealTimers()
  }
})
