/** Whether JSON.stringify writes all of its characters unescaped as one byte. */
export function isPlain(text: string): boolean {
  return plain.test(text)
}

const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** The text as JSON.stringify writes it, which most texts do not need. */
export function toJson(text: string): string {
  return isPlain(text) ? `"${text}"` : JSON.stringify(text)
}
