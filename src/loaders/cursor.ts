import { BadInput } from './bad-input.ts'

/**
 * A cursor encodes the position of a row in one order: format version, tag of the order, and the row's values as PostgreSQL prints
 * them, which keeps microseconds and infinity. Opaque to clients.
 */
const version = '1'
/** Tags of the orders, by what they order. Clients store cursors: a tag never changes its meaning. */
const orderTags = {
  selectorsByLastSeen: 'l',
  selectorsByName: 's',
  tokens: 't',
  calls: 'c',
  messages: 'm',
  pushTests: 'p',
  timeline: 'e',
} as const

export type OrderName = keyof typeof orderTags

/** PostgreSQL strings cannot contain this character. */
const separator = '\0'
/** Characters. The longest valid cursor holds a selector of 64 characters, each up to four escaped bytes, and an id. */
const maxLength = 2_000

export function encodeCursor(order: OrderName, values: readonly string[]): string {
  return Buffer.from([version + orderTags[order], ...values].join(separator)).toString('base64url')
}

/**
 * Decodes the values of a cursor.
 *
 * @param order that the cursor must belong to
 * @param length expected number of values
 * @param argument that the cursor was given as
 * @throws BadInput if the cursor is invalid or belongs to another order
 */
export function decodeCursor(cursor: string, order: OrderName, length: number, argument: string): string[] {
  if (cursor.length > maxLength) throw notACursor(cursor, argument)
  const decoded = Buffer.from(cursor, 'base64url').toString()
  const [head, ...values] = decoded.split(separator)
  const intact = encodeCursor(order, values) === cursor && values.length === length
  if (head !== version + orderTags[order] || !intact) throw notACursor(cursor, argument)
  return values
}

function notACursor(cursor: string, argument: string): BadInput {
  const shown = cursor.length > 40 ? `${cursor.slice(0, 40)}…` : cursor
  return new BadInput(
    `"${shown}" is not a valid cursor for this list and order. Use a cursor from pageInfo or edges of the same field and orderBy.`,
    [argument],
  )
}
