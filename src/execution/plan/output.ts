import { isUtf8 } from 'node:buffer'
import type { WireRow } from '../../database/wire/wire-row.ts'

const firstBytes = 16_384
/** More room is given back once it was used. */
const keptBytes = 1_048_576
/** Of numbers that are below 2 to the power of 31 in any case. */
const mostDigits = 9
const quote = 0x22
const backslash = 0x5c
/** PostgreSQL leaves out zeros at the end of the fraction. */
const pattern = Buffer.from('"0000-00-00T00:00:00.000000Z"')

/** Bytes that are written one after another. */
export class Output {
  #bytes = Buffer.allocUnsafeSlow(firstBytes)
  #length = 0

  /** Begins anew, as after an error. */
  clear(): void {
    this.#length = 0
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes)
  }

  /** What was written, as bytes of its own. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#length)
    this.#bytes.copy(taken, 0, 0, this.#length)
    this.clear()
    return taken
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    if (bytes.length > 32) this.#bytes.set(bytes, this.#length)
    else for (let at = 0; at < bytes.length; at++) this.#bytes[this.#length + at] = bytes[at] ?? 0
    this.#length += bytes.length
  }

  text(text: string): void {
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length, 'utf8')
  }

  /**
   * Writes a value of a row as a string of JSON.
   *
   * @returns whether its bytes are the same in JSON; otherwise nothing is written
   */
  plain({ bytes }: WireRow, start: number, end: number): boolean {
    this.#reserve(end - start + 2)
    const to = this.#bytes
    let length = this.#length
    let isAscii = true
    to[length++] = quote
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0
      if (byte < 0x20 || byte === quote || byte === backslash) return false
      if (byte > 0x7f) isAscii = false
      to[length++] = byte
    }
    // A database of SQL_ASCII may have any bytes.
    if (!isAscii && !isUtf8(bytes.subarray(start, end))) return false
    to[length++] = quote
    this.#length = length
    return true
  }

  /**
   * Writes a value of a row as a number.
   *
   * @returns whether it is one of 31 bits, as JSON writes it; otherwise nothing is written
   */
  digits({ bytes }: WireRow, start: number, end: number): boolean {
    const count = end - start
    if (count > mostDigits || count === 0 || (count > 1 && bytes[start] === 0x30)) return false
    this.#reserve(mostDigits)
    for (let at = start; at < end; at++) {
      const digit = bytes[at] ?? 0
      if (digit < 0x30 || digit > 0x39) return false
      this.#bytes[this.#length + at - start] = digit
    }
    this.#length += count
    return true
  }

  /** Writes a timestamp, to its last digit as PostgreSQL prints it, as RFC 3339 with microseconds in UTC. */
  instant({ bytes }: WireRow, start: number, end: number): void {
    this.#reserve(pattern.length)
    const to = this.#bytes
    const begin = this.#length
    for (let at = 0; at < pattern.length; at++) to[begin + at] = pattern[at] ?? 0
    for (let at = start; at < end; at++) if (at !== start + 10) to[begin + 1 + at - start] = bytes[at] ?? 0
    this.#length += pattern.length
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
