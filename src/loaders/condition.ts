import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { checkText } from './bad-input.ts'

/** What rows must fulfil. Values stand in the SQL as placeholders, so that one text serves for all values. */
export interface Condition {
  /** Tells its SQL from that of other conditions on the same rows. */
  readonly shape: string
  readonly sql: SQL
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * A condition on one value; none where the value is null or undefined.
 *
 * @throws BadInput where it holds a text that the database cannot
 */
export function given(name: string, value: unknown, of: (placeholder: SQL) => SQL): Condition[] {
  for (const text of Array.isArray(value) ? value : [value]) if (typeof text === 'string') checkText(text)
  return value == null ? [] : [{ shape: name, sql: of(sql`${sql.placeholder(name)}`), values: { [name]: value } }]
}

/** All of the conditions; none of them lets everything through. */
export function where(conditions: readonly Condition[], ...always: readonly SQL[]): SQL {
  const all = [...always, ...conditions.map((condition) => condition.sql)]
  return all.length === 0 ? sql`true` : sql.join(all, sql` AND `)
}
