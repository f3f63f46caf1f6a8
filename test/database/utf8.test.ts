import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isNotUtf8, readAsLatin1, replaceIllFormed } from '../../src/database/utf8.ts'
import type { TestDatabase } from '../support/database.ts'
import { emptyDatabase } from '../support/database.ts'

/** Bytes at the boundaries of the UTF-8 ranges, with their neighbours. */
const borders = [
  0x01, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
  0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
]
const byte = fc.oneof(fc.constantFrom(...borders), fc.integer({ min: 1, max: 255 }))
const texts = fc.array(
  fc.oneof(
    fc.array(byte, { maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text.replaceAll('\0', ''))),
  ),
  { minLength: 200, maxLength: 200, size: 'max' },
)

describe('In an SQL_ASCII database', () => {
  let own: TestDatabase
  beforeAll(async () => {
    own = await emptyDatabase('SQL_ASCII')
  })
  afterAll(() => own[Symbol.asyncDispose]())

  const [all] = [borders.flatMap((first) => borders.map((second) => Buffer.from([first, second])))]
  const longer = all.flatMap((pair) => borders.map((third) => Buffer.from([...pair, third])))

  /** Evaluates an expression for each text. Returns bytes in hexadecimal. */
  async function each(values: readonly Buffer[], of: (expression: string) => string): Promise<(string | null)[]> {
    const rows = await own.sql(
      `SELECT ${of('given')} FROM (
        SELECT convert_from(decode(hex, 'hex'), 'SQL_ASCII') AS given, n FROM unnest($1::text[]) WITH ORDINALITY AS v(hex, n)
        OFFSET 0) AS t ORDER BY n`,
      [values.map((value) => value.toString('hex'))],
    )
    return rows.flat()
  }
  const asHex = (of: (expression: string) => string) => (expression: string) =>
    `encode(convert_to(${of(expression)}, 'SQL_ASCII'), 'hex')`
  const decoded = (bytes: Buffer) =>
    Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)).toString('hex')
  const isWellFormed = (bytes: Buffer) => decoded(bytes) === bytes.toString('hex')

  async function check(values: readonly Buffer[]): Promise<void> {
    expect(await each(values, isNotUtf8)).toEqual(values.map((bytes) => (isWellFormed(bytes) ? 'f' : 't')))
    expect(await each(values, asHex(replaceIllFormed))).toEqual(values.map(decoded))
    expect(await each(values, asHex(readAsLatin1))).toEqual(
      values.map((bytes) => (isWellFormed(bytes) ? bytes : Buffer.from(bytes.toString('latin1'))).toString('hex')),
    )
  }

  it('ill-formed texts are detected and decoded as a decoder does', async () => {
    await check([...all, ...longer])
    await fc.assert(fc.asyncProperty(texts, check), { numRuns: 10 })
  })

  it('null stays null', async () => {
    const of = [isNotUtf8, replaceIllFormed, readAsLatin1].map((one) => one('NULL::text'))
    expect(await own.sql(`SELECT ${of.join(', ')}`)).toEqual([[null, null, null]])
  })
})
