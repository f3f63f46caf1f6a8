/** Characters that JSON.stringify writes unescaped as one byte. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** Size of a string in JSON, in UTF-8 bytes, including quotes and escapes. */
export function jsonBytes(text: string): number {
  return plain.test(text) ? text.length + 2 : Buffer.byteLength(JSON.stringify(text))
}
