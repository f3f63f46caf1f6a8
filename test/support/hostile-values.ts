/** Generates unexpected values: of the wrong type, too large, too many, or almost valid. */
import type { Tape } from './tape.ts'

/** Values from the database, to be mutated. */
export interface Samples {
  readonly ids: readonly string[]
  readonly cursors: readonly string[]
  readonly selectors: readonly string[]
}

const texts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00\ud800',
  '\ufeff',
  '\u202e',
  "' OR 1=1 --",
  '"; DROP TABLE selectors; --',
  '%',
  '_%\\',
  '\\x00',
  '\\000',
  '$1',
  '{}',
  '<script>',
  'null',
  'NaN',
  '-0',
  'infinity',
  'now',
  '2026-02-30T00:00:00Z',
  '0001-01-01T00:00:00+15:59',
  '0001-01-01T00:00:00.000001-15:59',
  '9999-12-31T23:59:60.999999-15:59',
  '2026-01-01T00:00:00.123456789012345678Z',
  '2026-01-01t00:00:00z',
  '99999999999999999999999',
  '__proto__',
  'constructor',
  'NEWEST_FIRST',
  'e\u0301'.repeat(50),
  'x'.repeat(3_000),
  '\u{1F600}'.repeat(2_000),
]

const numbers = [0, -0, -1, 1, 100, 101, 0.5, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e21, -1e308, 5e-324]

/** JSON.parse makes such a key an own property of the object. */
const objects: readonly unknown[] = [
  {},
  [],
  [[]],
  [null],
  [{}],
  { a: 1 },
  { since: {} },
  { length: 5 },
  JSON.parse('{ "__proto__": { "first": 5 } }'),
  { constructor: { prototype: {} }, toString: null, valueOf: 1 },
]

export function wildValue(tape: Tape, samples: Samples): unknown {
  switch (tape.below(8)) {
    case 0:
      return tape.pick(numbers)
    case 1:
      return tape.pick(objects)
    case 2:
      return tape.pick([null, true, false])
    case 3:
      return Array.from({ length: tape.pick([1, 51, 101, 2_000]) }, () => tape.pick(texts.slice(0, 20)))
    case 4:
      return nested(tape.pick([5, 100, 1_000]), tape.oneIn(2))
    case 5:
      return wildOpaque(tape, samples)
    default:
      return tape.pick(texts)
  }
}

function nested(depth: number, asList: boolean): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = asList ? [value] : { filter: value }
  return value
}

const tags = ['1c', '1m', '1p', '1l', '1s', '1t', '2c', '1', '', 'c1', '\0']
const idTypes = ['Selector', 'Token', 'Call', 'Message', 'PushTest', 'Setting', 'Viewer', 'Query', '__proto__', '']

/** A cursor or an id: a valid one, a mutated one, or one composed of parts. */
export function wildOpaque(tape: Tape, { ids, cursors, selectors }: Samples): string {
  // Repeated values in a request share one result, so unique ones are rare.
  const real = tape.pick(tape.oneIn(2) ? ids.slice(0, 3) : [...ids, ...cursors])
  switch (tape.below(8)) {
    case 1:
      return changedText(real, tape)
    case 2:
      return opaque(changedText(Buffer.from(real, 'base64url').toString(), tape))
    case 3:
      return opaque([tape.pick(tags), ...Array.from({ length: tape.below(5) }, () => part(tape, selectors))].join('\0'))
    case 4:
      return opaque(`${tape.pick(idTypes)}:${part(tape, selectors)}:${part(tape, selectors)}`)
    case 5:
      return opaque(`PushTest:${JSON.stringify([...texts.slice(0, tape.below(5)), part(tape, selectors)])}`)
    default:
      return real
  }
}

function opaque(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function part(tape: Tape, selectors: readonly string[]): string {
  return tape.oneIn(3) ? tape.pick(selectors) : tape.oneIn(2) ? String(tape.pick(numbers)) : tape.pick(texts)
}

/** Removes, inserts or duplicates a few characters. */
export function changedText(text: string, tape: Tape): string {
  let changed = text
  for (let change = 0; change <= tape.below(3); change++) {
    const at = tape.below(changed.length + 1)
    const length = tape.below(6)
    const put = tape.pick(['', ...texts.slice(0, 20), ...'{}[]()!$:="@#.,&|\\/\r\n', changed.slice(at, at + length)])
    changed = changed.slice(0, at) + put + changed.slice(at + tape.below(4))
  }
  return changed
}
