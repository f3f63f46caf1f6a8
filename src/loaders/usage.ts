import { GraphQLError } from 'graphql'
import { BadInput } from './bad-input.ts'
import { isPlain } from './to-json.ts'

/** Maximum number of errors in a response. A list may fail once for each of its rows. */
export const maxErrors = 100

/** Placeholder for errors beyond the limit. Its path keeps graphql-js from wrapping it and locating it in the document. */
export const unlisted = new GraphQLError('Further errors are omitted.', { path: [] })

/** Rows, selectors and bytes that one operation has read and returned, for the audit log and the byte limit. */
export interface Usage {
  rows: number
  /** Push tokens that the answer contains in clear. */
  revealedTokens: number
  /** Selectors that were read or named. */
  readonly selectors: Set<string>
  /** Set when a limit is exceeded. All further reads and fields of the operation fail with this error. */
  readonly excess: Excess | undefined
  /**
   * Counts bytes read from the database.
   *
   * @throws Excess if the byte limit is exceeded
   */
  read(bytes: number): void
  /**
   * Counts a string of the response by its size in JSON.
   *
   * @returns the string in JSON
   * @throws Excess if the byte limit is exceeded
   */
  answer(text: string): string
  /** Counts a text without escapes in JSON, as `answer` does. Its length in UTF-16 units is asked for if it is too long. */
  answerBytes(texts: Texts, start: number, end: number): void
  /** Forgets the bytes of the answer, because the operation is executed once more. */
  answerAnew(): void
  /** Counts a failed list item. Returns the error, or `unlisted` once the response lists the maximum number of errors. */
  failed(error: unknown): Error
  /** Registers a callback for when a limit is exceeded, to abort running statements. */
  onExcess(callback: () => void): void
}

/** Bytes of texts. */
interface Texts {
  unitsOf(start: number, end: number): number
}

/** The operation has read or returned more bytes than its limit. */
export class Excess extends Error {
  readonly what: string
  readonly found: number
  readonly limit: number
  /** Keeps graphql-js from wrapping the error again for each field. */
  readonly path: readonly never[] = []

  constructor(what: string, found: number, limit: number) {
    super(`${what}: ${found}; the limit is ${limit}`)
    this.name = 'Excess'
    this.what = what
    this.found = found
    this.limit = limit
  }
}

/** @param maxBytes limit for bytes read and for bytes returned, counted separately */
export function createUsage(maxBytes: number): Usage {
  return new UsageOfOperation(maxBytes)
}

class UsageOfOperation implements Usage {
  rows = 0
  revealedTokens = 0
  readonly selectors = new Set<string>()
  readonly #maxBytes: number
  readonly #callbacks: (() => void)[] = []
  #bytesRead = 0
  #bytesAnswered = 0
  #failures = 0
  #excess: Excess | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get excess(): Excess | undefined {
    return this.#excess
  }

  read(bytes: number): void {
    if (this.#excess !== undefined) throw this.#excess
    this.#bytesRead += bytes
    if (this.#bytesRead > this.#maxBytes) this.#fail('Bytes read for the answer', this.#bytesRead)
  }

  answer(text: string): string {
    if (this.#excess !== undefined) throw this.#excess
    // A string that exceeds the limit by its length alone is not scanned.
    if (this.#bytesAnswered + text.length > this.#maxBytes) return this.#tooLong(text.length)
    const hasOneByteEach = isPlain(text)
    const json = hasOneByteEach ? `"${text}"` : JSON.stringify(text)
    this.#bytesAnswered += hasOneByteEach ? json.length : Buffer.byteLength(json)
    return this.#bytesAnswered > this.#maxBytes ? this.#tooLong(0) : json
  }

  answerBytes(texts: Texts, start: number, end: number): void {
    if (this.#excess !== undefined) throw this.#excess
    // A string has at least as many bytes as UTF-16 units.
    if (this.#bytesAnswered + end - start > this.#maxBytes) {
      const units = texts.unitsOf(start, end)
      if (this.#bytesAnswered + units > this.#maxBytes) this.#tooLong(units)
    }
    this.#bytesAnswered += end - start + 2
    if (this.#bytesAnswered > this.#maxBytes) this.#tooLong(0)
  }

  answerAnew(): void {
    this.#bytesAnswered = 0
  }

  failed(error: unknown): Error {
    if (error instanceof BadInput && ++this.#failures > maxErrors) return unlisted
    return error instanceof Error ? error : new Error(String(error))
  }

  onExcess(callback: () => void): void {
    this.#callbacks.push(callback)
  }

  #tooLong(bytes: number): never {
    this.#bytesAnswered += bytes
    return this.#fail('Bytes of the answer', this.#bytesAnswered)
  }

  #fail(what: string, found: number): never {
    this.#excess ??= new Excess(what, found, this.#maxBytes)
    for (const callback of this.#callbacks.splice(0)) callback()
    throw this.#excess
  }
}
