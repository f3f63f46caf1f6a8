/** Characters that JSON writes as one byte each. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** The length of a text in JSON, in bytes of UTF-8, with its quotes and escapes. */
export function jsonBytes(text: string): number {
  return plain.test(text) ? text.length + 2 : Buffer.byteLength(JSON.stringify(text))
}
