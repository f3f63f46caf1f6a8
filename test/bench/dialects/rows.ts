/** Normalized rows, to compare the responses of all contenders. */
import { z } from 'zod'

/** Converts any format of a UTC time to one. */
export const instant = z.string().transform((text) => {
  const [date = '', time = ''] = text.replace(/(?:Z|[+-]00(?::?00)?)$/, '').split(/[T ]/)
  const [seconds = '', fraction = ''] = time.split('.')
  return `${date}T${seconds}.${fraction.padEnd(6, '0')}Z`
})

/** Converts an enum value or the text of the database. */
export const reason = z
  .string()
  .nullish()
  .transform((word) => word?.replaceAll('_', '').toLowerCase() ?? null)

/** The gateway returns null if the database has 0. */
export const port = z
  .number()
  .nullable()
  .transform((number) => (number === 0 ? null : number))

/** Sorts a list of names, because its order is not specified. */
export function bySelector<Row extends { readonly selector: string }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (a.selector < b.selector ? -1 : 1))
}

interface PageInfo {
  readonly hasNextPage: boolean
  readonly endCursor: string | null
}

/** Cursor of the next page; null if there is none. */
export function nextCursor({ hasNextPage, endCursor }: PageInfo): string | null {
  return hasNextPage ? endCursor : null
}
