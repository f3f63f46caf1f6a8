import fc from 'fast-check'
import { GraphQLScalarType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createSplitter } from '../../../src/database/wire/splitter.ts'
import { WireRow } from '../../../src/database/wire/wire-row.ts'
import { columnOf } from '../../../src/execution/plan/column.ts'
import { Output } from '../../../src/execution/plan/output.ts'
import { formatInstant } from '../../../src/graph/date-time.ts'
import { createUsage } from '../../../src/loaders/usage.ts'

/** A row of one value, as a server sends it. */
function rowOf(value: Buffer): WireRow {
  const head = Buffer.alloc(11)
  head.write('D', 'latin1')
  head.writeInt32BE(10 + value.length, 1)
  head.writeInt16BE(1, 5)
  head.writeInt32BE(value.length, 7)
  const rows: unknown[] = []
  createSplitter({ onRow: (row) => rows.push(row), onOthers: () => undefined })(Buffer.concat([head, value]))
  const [row] = rows
  if (!(row instanceof WireRow)) throw new Error('There is no row.')
  return row
}

/** What is written of a value; undefined if it is refused. */
function written(value: Buffer, how: 'plain' | 'digits'): string | undefined {
  const output = new Output()
  output.text('[')
  const row = rowOf(value)
  const isWritten = output[how](row, row.startOf(0), row.endOf(0))
  output.text(']')
  const text = output.take().toString('latin1').slice(1, -1)
  expect(isWritten || text === '').toBe(true)
  return isWritten ? text : undefined
}

const someText = fc.string({ unit: 'grapheme' }).map((text) => new Uint8Array(Buffer.from(text)))

describe('Bytes of a row', () => {
  it('are copied as a string if JSON has no escape for them, and they are UTF-8', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), someText), (bytes) => {
        const value = Buffer.from(bytes)
        const text = value.toString()
        const isPlain = Buffer.from(text).equals(value) && JSON.stringify(text) === `"${text}"`
        expect(written(value, 'plain')).toBe(isPlain ? `"${value.toString('latin1')}"` : undefined)
      }),
    )
    for (let byte = 0; byte < 256; byte++) {
      const isPlain = byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c
      expect(written(Buffer.from([0x61, byte]), 'plain') !== undefined).toBe(isPlain)
    }
  })

  it('are copied as a number if JSON writes the number so', () => {
    const numbers = fc.oneof(
      fc.integer().map(String),
      fc.string({ maxLength: 12 }),
      fc.constantFrom('0', '00', '05060', ''),
    )
    fc.assert(
      fc.property(numbers, (text) => {
        const copied = written(Buffer.from(text), 'digits')
        if (copied !== undefined) expect(JSON.stringify(Number(text))).toBe(copied)
        else expect(/^(0|[1-9]\d{0,8})$/.test(text)).toBe(false)
      }),
    )
  })
})

/** As PostgreSQL prints them: without zeros at the end of the fraction; some in forms of their own. */
const printedInstant = fc
  .tuple(
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
    fc.stringMatching(/^(\.\d{0,5}[1-9])?$/),
    fc.constantFrom('+00', '+00 BC', '', '+01'),
  )
  .map(([date, fraction, zone]) => `${date.toISOString().slice(0, 19).replace('T', ' ')}${fraction}${zone}`)

describe('A timestamp of a row', () => {
  it('is copied in the common form as formatInstant makes it', () => {
    const copyInstant = columnOf({
      type: new GraphQLScalarType({ name: 'DateTime' }),
      extensions: exposed,
    } as never)?.copy
    const texts = fc.oneof(printedInstant, fc.constantFrom('infinity', '-infinity', '10000-01-01 00:00:00+00', '+00'))
    fc.assert(
      fc.property(texts, (text) => {
        const output = new Output()
        const row = rowOf(Buffer.from(text))
        const isCopied = copyInstant?.(row, row.startOf(0), row.endOf(0), createUsage(1_000), output)
        expect(isCopied).toBe(/^\d{4}-\d\d-\d\d [\d:]{8}(\.\d+)?\+00$/.test(text))
        expect(output.take().toString()).toBe(isCopied === true ? `"${formatInstant(text)}"` : '')
      }),
    )
  })
})

const exposed = { pothosExposedField: 'time' }

describe('An output', () => {
  it('gives what was written, whole, however long it is, and begins anew', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('x'.repeat(5_000), 'é'.repeat(9_000)))), (texts) => {
        const output = new Output()
        for (const _ of [1, 2]) {
          for (const text of texts) output.bytes(Buffer.from(text))
          for (const text of texts) output.text(text)
          expect(output.take().toString()).toBe(Buffer.from([...texts, ...texts].join('')).toString())
        }
      }),
    )
  })

  it('does not write over what it has given', () => {
    const output = new Output()
    output.text('a'.repeat(20_000))
    const given = output.take()
    output.text('b'.repeat(20_000))
    expect(given.toString()).toBe('a'.repeat(20_000))
    output.clear()
    expect(output.take()).toHaveLength(0)
  })
})
