import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCursor, encodeCursor } from '../../src/loaders/cursor.ts'

const values = fc.array(
  fc.string({ unit: 'grapheme', maxLength: 64 }).filter((text) => !text.includes('\0')),
  { minLength: 1, maxLength: 3 },
)

describe('A cursor', () => {
  it('gives back the position that it was made of', () => {
    fc.assert(
      fc.property(values, (position) => {
        expect(decodeCursor(encodeCursor('c', position), 'c', position.length)).toEqual(position)
      }),
    )
  })

  it('of another order is refused', () => {
    fc.assert(
      fc.property(values, (position) => {
        expect(() => decodeCursor(encodeCursor('c', position), 'm', position.length)).toThrow(/not a cursor/)
        expect(() => decodeCursor(encodeCursor('c', position), 'c', position.length + 1)).toThrow(/not a cursor/)
      }),
    )
  })

  it('that nobody made is refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.base64String(), fc.string({ minLength: 2_001, maxLength: 3_000 })),
        (text) => {
          expect(() => decodeCursor(text, 'c', 2)).toThrow(/not a cursor/)
        },
      ),
    )
  })

  it('with one character changed is refused, or is another position of the same form', () => {
    const cursor = encodeCursor('c', ['2026-11-22 06:24:17.701827+00', '42'])
    for (let index = 0; index < cursor.length; index++) {
      const changed = `${cursor.slice(0, index)}${cursor[index] === 'A' ? 'B' : 'A'}${cursor.slice(index + 1)}`
      try {
        expect(decodeCursor(changed, 'c', 2)).not.toEqual(['2026-11-22 06:24:17.701827+00', '42'])
      } catch (error) {
        expect(String(error)).toMatch(/not a cursor/)
      }
    }
  })
})
