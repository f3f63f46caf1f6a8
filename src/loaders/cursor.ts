import { BadInput } from './bad-input.ts'

/**
 * A cursor is the position of a row in one order: the order's tag and the row's values in it, as PostgreSQL prints them, so
 * that microseconds and infinity are kept. Clients must treat it as opaque; the version lets the form change.
 */
const version = '1'
/** The one character that no text of PostgreSQL holds. */
const separator = '\0'
/** The longest honest cursor holds a selector of 64 characters, each up to four escaped bytes, and an id. */
const maxLength = 2_000

export function encodeCursor(tag: string, values: readonly string[]): string {
  return Buffer.from([version + tag, ...values].join(separator)).toString('base64url')
}

export function decodeCursor(cursor: string, tag: string, length: number): string[] {
  if (cursor.length > maxLength) throw notACursor(cursor)
  const decoded = Buffer.from(cursor, 'base64url').toString()
  const [head, ...values] = decoded.split(separator)
  const intact = encodeCursor(tag, values) === cursor && values.length === length
  if (head !== version + tag || !intact) throw notACursor(cursor)
  return values
}

function notACursor(cursor: string): BadInput {
  const shown = cursor.length > 40 ? `${cursor.slice(0, 40)}…` : cursor
  return new BadInput(
    `"${shown}" is not a cursor of this list in this order. Take cursors from pageInfo or edges of the same field and orderBy.`,
  )
}
