import type { Value, Values } from '../database.ts'

/** Columns of the widest row that is kept as bytes. */
const mostColumns = 64

/** Places of some hundred rows. */
const placesOfBlock = 4_096

/** Where the values of rows are, one row after another. Shared, because an array for each row takes more memory than its values. */
let places = new Int32Array(placesOfBlock)
let placesTaken = 0

/**
 * The values of a row as the bytes that the server has sent. A value is decoded when it is read, because most answers contain few of
 * them, and bytes can be copied into an answer as they are.
 */
export class WireRow implements Values {
  /** Beyond its length null. */
  readonly [index: number]: Value
  readonly length: number
  readonly #bytes: Buffer
  /** Where each value begins; -1 if it is null. The four bytes before are its length. */
  readonly #places: Int32Array
  /** The first of its places. The bytes of all values are counted in the one before. */
  readonly #first: number

  constructor(bytes: Buffer, ofRows: Int32Array, first: number, length: number) {
    this.length = length
    this.#bytes = bytes
    this.#places = ofRows
    this.#first = first
  }

  /** Also the bytes of other rows. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Bytes of all values. */
  get byteLength(): number {
    return this.#places[this.#first - 1] ?? 0
  }

  /** Where a value begins; -1 if it is null. */
  startOf(index: number): number {
    return index < this.length ? (this.#places[this.#first + index] ?? -1) : -1
  }

  endOf(index: number): number {
    const start = this.startOf(index)
    return start === -1 ? -1 : start + int32(this.#bytes, start - 4)
  }

  text(index: number): Value {
    const start = this.startOf(index)
    return start === -1 ? null : this.#bytes.toString('utf8', start, this.endOf(index))
  }

  /** The length of a text as a string, in UTF-16 units. */
  unitsOf(start: number, end: number): number {
    return this.#bytes.toString('utf8', start, end).length
  }

  *[Symbol.iterator](): ArrayIterator<Value> {
    for (let index = 0; index < this.length; index++) yield this.text(index)
    return undefined
  }
}

for (let index = 0; index < mostColumns; index++) {
  Object.defineProperty(WireRow.prototype, index, {
    get(this: WireRow) {
      return this.text(index)
    },
  })
}

/**
 * The values of a DataRow message, whose number of values begins at `from`.
 *
 * @throws Error if the values are longer or shorter than the message
 */
export function readRow(bytes: Buffer, from: number, end: number): Values {
  let at = from + 2
  const count = at > end ? -1 : bytes.readInt16BE(from)
  const first = roomFor(count)
  let read = 0
  for (; read < count && at < end; read++) {
    const length = int32(bytes, at)
    at += 4
    places[first + read] = length === -1 ? -1 : at
    if (length < -1) at = end + 1
    if (length > 0) at += length
  }
  if (at !== end || read !== count) throw new Error('received invalid row')
  // Without the number of values and their lengths.
  places[first - 1] = end - from - 2 - 4 * count
  placesTaken = first + count
  const row = new WireRow(bytes, places, first, count)
  return count > mostColumns ? [...row] : row
}

/** @returns the first place of a row, after that of its size */
function roomFor(values: number): number {
  if (placesTaken + 1 + values > places.length) {
    places = new Int32Array(Math.max(placesOfBlock, 1 + values))
    placesTaken = 0
  }
  return placesTaken + 1
}

function int32(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}

/** Whether a value is null, which is known without decoding it. */
export function isNull(values: Values, index: number): boolean {
  return values instanceof WireRow ? values.startOf(index) === -1 : values[index] === null
}

/** A value that is a whole number of a few digits. */
export function smallNumber(values: Values, index: number): number {
  if (!(values instanceof WireRow)) return Number(values[index])
  const { bytes } = values
  const end = values.endOf(index)
  let number = 0
  for (let at = values.startOf(index); at < end; at++) number = 10 * number + (bytes[at] ?? 0) - 0x30
  return number
}

/** About how many bytes the values have. UTF-16 units need no encoding. */
export function sizeOf(values: Values): number {
  if (values instanceof WireRow) return values.byteLength
  let size = 0
  for (const value of values) size += value?.length ?? 0
  return size
}
