import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { OrderColumn } from '../sipis/projection.ts'
import { BadInput } from './bad-input.ts'
import type { Condition } from './condition.ts'
import type { OrderName } from './cursor.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

export const defaultPageSize = 20
export const maxPageSize = 100

/** The four arguments of the Relay cursor connections specification. */
export interface PageArguments {
  readonly first?: number | null | undefined
  readonly last?: number | null | undefined
  readonly after?: string | null | undefined
  readonly before?: string | null | undefined
}

/** A total order of rows. Cursors are valid only for orders with the same name. */
export interface Order<Row> {
  readonly name: OrderName
  readonly columns: readonly OrderColumn<Row>[]
  readonly descending: boolean
}

/** The part of a statement that selects one page, and the conversion of its rows into the page. */
export interface Window {
  /** Equal for windows with the same SQL. */
  readonly shape: string
  readonly conditions: readonly Condition[]
  /** What the conditions say, for statements that compare each kind of row in a way of its own. */
  readonly bounds: readonly Bound[]
  readonly direction: 'ASC' | 'DESC'
  readonly orderBy: () => SQL
  /** Page size plus one; the extra row shows that another page follows. */
  readonly limit: number
  cut<Row>(rows: readonly Row[]): Page<Row>
}

/** The place of a cursor in its order, and on which side of it the rows are. */
export interface Bound {
  readonly side: 'after' | 'before'
  readonly comparison: '<' | '>'
  /** One for each column of the order. */
  readonly values: readonly string[]
}

export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

interface Sizes {
  readonly first: number | undefined
  readonly last: number | undefined
}

/**
 * Converts page arguments into a window.
 *
 * @throws BadInput if a size is out of range or a cursor is invalid
 */
export function windowOf<Row>(order: Order<Row>, page: PageArguments): Window {
  const { first, last } = sizes(page)
  const bounds = [
    ...boundOf(order, 'after', page.after, order.descending ? '<' : '>'),
    ...boundOf(order, 'before', page.before, order.descending ? '>' : '<'),
  ]
  const conditions = bounds.map((bound) => beyond(order, bound))
  const direction = order.descending === (first === undefined) ? 'ASC' : 'DESC'
  return {
    shape: [order.name, direction, ...conditions.map(({ shape }) => shape)].join(' '),
    conditions,
    bounds,
    direction,
    orderBy: () => orderBy(order, direction),
    limit: (first ?? last ?? 0) + 1,
    cut: (rows) => pageOf(rows, page),
  }
}

/**
 * Converts the rows of a window into the page. If both first and last are given, last applies to the result of first, as specified
 * by Relay. A cursor refers to a row outside the page, so it implies a page in its direction without another statement.
 */
function pageOf<Row>(rows: readonly Row[], page: PageArguments): Page<Row> {
  const { first, last } = sizes(page)
  if (first === undefined) {
    const size = last ?? 0
    return {
      rows: rows.slice(0, size).reverse(),
      hasNextPage: page.before != null,
      hasPreviousPage: rows.length > size,
    }
  }
  const kept = rows.slice(0, first)
  const cut = last === undefined ? kept : kept.slice(Math.max(0, kept.length - last))
  return {
    rows: cut,
    hasNextPage: rows.length > first,
    hasPreviousPage: page.after != null || cut.length < kept.length,
  }
}

export function cursorOf<Row>(order: Order<Row>, row: Row): string {
  return encodeCursor(
    order.name,
    order.columns.map(({ field }) => String(row[field])),
  )
}

function sizes({ first, last }: PageArguments): Sizes {
  checkSize('first', first)
  checkSize('last', last)
  if (first == null && last == null) return { first: defaultPageSize, last: undefined }
  return { first: first ?? undefined, last: last ?? undefined }
}

function checkSize(name: string, size: number | null | undefined): void {
  if (size == null || (size >= 0 && size <= maxPageSize)) return
  throw new BadInput(`${name} is ${size}; it must be from 0 to ${maxPageSize}. Request the rest page by page.`, [name])
}

function boundOf<Row>(
  { name, columns }: Order<Row>,
  side: 'after' | 'before',
  cursor: string | null | undefined,
  comparison: '<' | '>',
): Bound[] {
  return cursor == null ? [] : [{ side, comparison, values: decodeCursor(cursor, name, columns.length, side) }]
}

/** Compares row values, `(time, rowid) < (…)`, because an index on these columns supports that. */
function beyond<Row>({ columns }: Order<Row>, { side, comparison, values }: Bound): Condition {
  return {
    shape: side + comparison,
    compose: () => {
      const left = columns.map((column) => column.sql)
      const right = columns.map(({ bind, field }) => bind(sql`${sql.placeholder(side + field)}`))
      return sql`(${sql.join(left, sql`, `)}) ${sql.raw(comparison)} (${sql.join(right, sql`, `)})`
    },
    values: Object.fromEntries(columns.map(({ field }, index) => [side + field, values[index]])),
  }
}

function orderBy<Row>(order: Order<Row>, direction: 'ASC' | 'DESC'): SQL {
  return sql.join(
    order.columns.map((column) => sql`${column.sql} ${sql.raw(direction)}`),
    sql`, `,
  )
}
