import fc from 'fast-check'
import { serialize } from 'pg-protocol'
import { describe, expect, it } from 'vitest'
import type { Value, Values } from '../../../src/database/database.ts'
import { createSplitter } from '../../../src/database/wire/splitter.ts'
import { isNull, sizeOf, WireRow } from '../../../src/database/wire/wire-row.ts'

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function message(code: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(code), int32(body.length + 4), body])
}

function rowMessage(values: readonly Value[]): Buffer {
  const count = Buffer.alloc(2)
  count.writeInt16BE(values.length)
  const fields = values.flatMap((value) =>
    value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)],
  )
  return message('D', Buffer.concat([count, ...fields]))
}

/** What was heard, messages that are no rows as one text between rows. */
type Heard = Value[] | string

function listen() {
  const heard: Heard[] = []
  const split = createSplitter({
    onRow: (values) => heard.push([...values]),
    onOthers(bytes) {
      const last = heard.at(-1)
      if (typeof last === 'string') heard[heard.length - 1] = last + bytes.toString('latin1')
      else heard.push(bytes.toString('latin1'))
    },
  })
  return { heard, split }
}

function merged(all: readonly Heard[]): Heard[] {
  const parts: Heard[] = []
  for (const one of all) {
    const last = parts.at(-1)
    if (typeof last === 'string' && typeof one === 'string') parts.splice(-1, 1, last + one)
    else parts.push(one)
  }
  return parts
}

const value = fc.option(
  fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 40 }), fc.constant('x'.repeat(300))),
)
const sent = fc.oneof(
  fc.array(value, { maxLength: 70 }).map((values) => ({ bytes: rowMessage(values), heard: values as Heard })),
  fc
    .tuple(fc.constantFrom('C', 'Z', '2', 'T', 'E'), fc.uint8Array({ maxLength: 60 }))
    .map(([code, body]) => message(code, Buffer.from(body)))
    .map((bytes) => ({ bytes, heard: bytes.toString('latin1') as Heard })),
)

describe('Messages of a server', () => {
  it('are heard whole and in order, in whatever pieces they come', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 12 }), fc.array(fc.nat(200)), (messages, cuts) => {
        const all = Buffer.concat(messages.map(({ bytes }) => bytes))
        const { heard, split } = listen()
        let at = 0
        for (const cut of [...cuts, all.length]) {
          if (at < all.length && cut > 0) split(all.subarray(at, at + cut))
          at += cut
        }
        const expected = merged(messages.map(({ heard: one }) => one))
        expect(heard).toEqual(expected.map((one) => (typeof one === 'string' ? one : one.map(decoded))))
      }),
    )
  })

  it('are put together once if they are long', () => {
    const long = 'x'.repeat(1_000_000)
    const { heard, split } = listen()
    const bytes = Buffer.concat([rowMessage([long]), serialize.sync()])
    for (let at = 0; at < bytes.length; at += 1_000) split(bytes.subarray(at, at + 1_000))
    expect(heard).toEqual([[long], serialize.sync().toString('latin1')])
  })
})

describe('A row', () => {
  it('gives its values by index, in order, and knows which are null', () => {
    const rows: Values[] = []
    const split = createSplitter({ onRow: (row) => rows.push(row), onOthers: () => undefined })
    split(rowMessage(['a', null, 'é']))
    const [row = []] = rows
    expect([row[0], row[1], row[2], row.length]).toEqual(['a', null, 'é', 3])
    expect([isNull(row, 0), isNull(row, 1)]).toEqual([false, true])
    const [first, , last] = row
    expect([first, last]).toEqual(['a', 'é'])
    expect(sizeOf(row)).toBe(3)
    expect(sizeOf(['a', null, 'bc'])).toBe(3)
  })

  it('keeps its values while further rows come, however many values they have', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000), { maxLength: 40 }), (widths) => {
        const rows: Values[] = []
        const split = createSplitter({ onRow: (row) => rows.push(row), onOthers: () => undefined })
        const all = widths.map((width, row) => Array.from({ length: width }, (_, index) => `${row}.${index}`))
        for (const values of all) split(rowMessage(values))
        expect(rows.map((row) => [...row])).toEqual(all)
        expect(rows.map(sizeOf)).toEqual(all.map(sizeOf))
      }),
      { numRuns: 20 },
    )
  })

  it('whose values are longer or shorter than its message is refused', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), fc.nat(400), fc.nat(255), (values, at, byte) => {
        const bytes = rowMessage(values)
        const place = 5 + (at % (bytes.length - 5))
        bytes[place] = byte
        const rows: Values[] = []
        const split = createSplitter({ onRow: (row) => rows.push(row), onOthers: () => undefined })
        try {
          split(bytes)
        } catch (error) {
          expect(String(error)).toContain('received invalid row')
        }
        for (const row of rows) {
          if (!(row instanceof WireRow)) throw new Error('A short row stays bytes.')
          const sizes = Array.from({ length: row.length }, (_, index) => 4 + row.endOf(index) - row.startOf(index))
          expect(sizes.reduce((sum, size) => sum + size, 2)).toBe(bytes.length - 5)
        }
      }),
    )
    const split = createSplitter({ onRow: () => undefined, onOthers: () => undefined })
    expect(() => split(message('D', Buffer.alloc(0)))).toThrow('received invalid row')
    expect(() => split(message('D', Buffer.from('0005', 'hex')))).toThrow('received invalid row')
    expect(() => split(message('D', Buffer.from('0001fffffffe', 'hex')))).toThrow('received invalid row')
  })
})

/** As the driver decodes: lone surrogates were replaced when they were sent. */
function decoded(text: Value): Value {
  return text === null ? null : Buffer.from(text).toString()
}
