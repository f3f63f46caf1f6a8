import { GraphQLError } from 'graphql'
import { BadInput } from './bad-input.ts'
import { jsonBytes } from './json-bytes.ts'

/** The most errors that an answer lists: each has a path and a place, and a list may fail once for each of its rows. */
export const mostErrors = 100

/** Stands for an error that is not listed. Because it has a path, graphql-js neither wraps it nor looks for its place in the document. */
export const unlisted = new GraphQLError('This error is not listed.', { path: [] })

/** What one operation has read and answered so far: the audit log shows it, and its bytes are bounded. */
export interface Usage {
  rows: number
  /** The selectors of which something was read. */
  readonly selectors: Set<string>
  /** Set once a bound is passed. The operation has failed then: whatever it still asks for fails with this error. */
  readonly excess: Excess | undefined
  /**
   * Counts bytes that come from the database.
   *
   * @throws Excess once the operation has read more than it may
   */
  read(bytes: number): void
  /**
   * Counts a text of the answer as JSON writes it.
   *
   * @throws Excess once the answer holds more than it may
   */
  answer(text: string): void
  /** Counts the bad items of lists, and gives the error for one: itself, or `unlisted` beyond those that an answer lists. */
  failed(error: unknown): Error
  /** Calls back when a bound is passed, so that statements under way can end. */
  onExcess(callback: () => void): void
}

/** The operation has read or answered more bytes than it may. */
export class Excess extends Error {
  readonly what: string
  readonly found: number
  readonly limit: number
  /** graphql-js takes an error that has a path as it is; it would wrap any other anew for each field. */
  readonly path: readonly never[] = []

  constructor(what: string, found: number, limit: number) {
    super(`${what}: ${found}; the limit is ${limit}`)
    this.name = 'Excess'
    this.what = what
    this.found = found
    this.limit = limit
  }
}

/** Reading and answering have the same bound, and a counter each: a body that is read once and given once is not counted twice. */
export function openUsage(maxBytes: number): Usage {
  const callbacks: (() => void)[] = []
  let bytesRead = 0
  let bytesAnswered = 0
  let failures = 0
  let excess: Excess | undefined

  const fail = (what: string, found: number): never => {
    excess ??= new Excess(what, found, maxBytes)
    for (const callback of callbacks.splice(0)) callback()
    throw excess
  }
  return {
    rows: 0,
    selectors: new Set(),
    get excess() {
      return excess
    },
    read(bytes) {
      if (excess !== undefined) throw excess
      bytesRead += bytes
      if (bytesRead > maxBytes) fail('Bytes read for the answer', bytesRead)
    },
    answer(text) {
      if (excess !== undefined) throw excess
      // A text that is too long whatever its characters is not walked through.
      const isTooLong = bytesAnswered + text.length > maxBytes
      bytesAnswered += isTooLong ? text.length : jsonBytes(text)
      if (bytesAnswered > maxBytes) fail('Bytes of the answer', bytesAnswered)
    },
    failed(error) {
      if (error instanceof BadInput && ++failures > mostErrors) return unlisted
      return error instanceof Error ? error : new Error(String(error))
    },
    onExcess: (callback) => {
      callbacks.push(callback)
    },
  }
}
