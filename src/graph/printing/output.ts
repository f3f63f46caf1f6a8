import type { WireRow } from '../../database/wire/wire-row.ts'

/** More is given back once it was used. */
const keptBytes = 1_048_576
const quote = 0x22
const backslash = 0x5c

/** Bytes that are written one after another. */
export class Output {
  #bytes = Buffer.allocUnsafe(16_384)
  #length = 0

  /** Begins anew, as after an error. */
  clear(): void {
    this.#length = 0
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafe(keptBytes)
  }

  /** What was written, as bytes of its own. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
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
  plain(row: WireRow, start: number, end: number): boolean {
    this.#reserve(end - start + 2)
    const from = row.bytes
    const to = this.#bytes
    let length = this.#length
    to[length++] = quote
    for (let at = start; at < end; at++) {
      const byte = from[at] ?? 0
      if (byte < 0x20 || byte > 0x7e || byte === quote || byte === backslash) return false
      to[length++] = byte
    }
    to[length++] = quote
    this.#length = length
    return true
  }

  /** Writes bytes of ASCII as a string of JSON, with others in place of some. */
  replaced(row: WireRow, start: number, end: number, others: Readonly<Record<number, number>>): void {
    this.#reserve(end - start + 2)
    const to = this.#bytes
    to[this.#length++] = quote
    for (let at = start; at < end; at++) to[this.#length++] = others[at - start] ?? row.bytes[at] ?? 0
    to[this.#length++] = quote
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
