/** The forms in which the answers of all contenders are compared. */
import { z } from 'zod'

/** Any form in which PostgreSQL or a contender writes an instant in UTC, as one. */
export const instant = z.string().transform((text) => {
  const [date = '', time = ''] = text.replace(/(?:Z|[+-]00(?::?00)?)$/, '').split(/[T ]/)
  const [seconds = '', fraction = ''] = time.split('.')
  return `${date}T${seconds}.${fraction.padEnd(6, '0')}Z`
})

/** An enum's value or the database's own word. */
export const reason = z
  .string()
  .nullish()
  .transform((word) => word?.replaceAll('_', '').toLowerCase() ?? null)

/** The gateway says null where the database has 0. */
export const port = z
  .number()
  .nullable()
  .transform((number) => (number === 0 ? null : number))

/** Lists of names are answered in any order. */
export function bySelector<Row extends { readonly selector: string }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (a.selector < b.selector ? -1 : 1))
}

interface PageInfo {
  readonly hasNextPage: boolean
  readonly endCursor: string | null
}

/** Where the next page begins; null where there is none. */
export function nextCursor({ hasNextPage, endCursor }: PageInfo): string | null {
  return hasNextPage ? endCursor : null
}
