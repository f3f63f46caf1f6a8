import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCursor, encodeCursor } from '../../src/loaders/cursor.ts'

const values = fc.array(
  fc.string({ unit: 'grapheme', maxLength: 64 }).filter((text) => !text.includes('\0')),
  { minLength: 1, maxLength: 3 },
)

describe('A cursor', () => {
  it('decodes to the encoded position', () => {
    fc.assert(
      fc.property(values, (position) => {
        expect(decodeCursor(encodeCursor('calls', position), 'calls', position.length, 'after')).toEqual(position)
      }),
    )
  })

  it('of another order is rejected', () => {
    fc.assert(
      fc.property(values, (position) => {
        expect(() => decodeCursor(encodeCursor('calls', position), 'messages', position.length, 'after')).toThrow(
          /not a valid cursor/,
        )
        expect(() => decodeCursor(encodeCursor('calls', position), 'calls', position.length + 1, 'after')).toThrow(
          /not a valid cursor/,
        )
      }),
    )
  })

  it('that the gateway did not create is rejected', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.base64String(), fc.string({ minLength: 2_001, maxLength: 3_000 })),
        (text) => {
          expect(() => decodeCursor(text, 'calls', 2, 'after')).toThrow(/not a valid cursor/)
        },
      ),
    )
  })

  it('with one changed character is rejected, or is another position of the same form', () => {
    const cursor = encodeCursor('calls', ['2026-11-22 06:24:17.701827+00', '42'])
    for (let index = 0; index < cursor.length; index++) {
      const changed = `${cursor.slice(0, index)}${cursor[index] === 'A' ? 'B' : 'A'}${cursor.slice(index + 1)}`
      try {
        expect(decodeCursor(changed, 'calls', 2, 'after')).not.toEqual(['2026-11-22 06:24:17.701827+00', '42'])
      } catch (error) {
        expect(String(error)).toMatch(/not a valid cursor/)
      }
    }
  })

  it('has the same format as in version 1, because clients store cursors', () => {
    expect(Buffer.from(encodeCursor('calls', ['2026', '7']), 'base64url').toString()).toBe('1c\x002026\x007')
  })

  it('is accepted up to a length of 2,000 characters', () => {
    const cursorOf = (bytes: number) => encodeCursor('calls', ['a'.repeat(bytes - 3)])
    expect(cursorOf(1_500)).toHaveLength(2_000)
    expect(decodeCursor(cursorOf(1_500), 'calls', 1, 'after')).toHaveLength(1)
    expect(cursorOf(1_501)).toHaveLength(2_002)
    expect(() => decodeCursor(cursorOf(1_501), 'calls', 1, 'after')).toThrow(/not a valid cursor/)
  })

  it('that is rejected is quoted in the message, up to 40 characters', () => {
    const shown = (cursor: string) => () => decodeCursor(cursor, 'calls', 2, 'after')
    const [whole, longer] = [40, 41].map((length) => 'abcdefgh'.repeat(6).slice(0, length))
    expect(shown(whole ?? '')).toThrow(`"${whole}" is not a valid cursor for this list and order.`)
    expect(shown(longer ?? '')).toThrow(`"${whole}…" is not a valid cursor for this list and order.`)
  })
})
