import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import { checkText } from './bad-input.ts'

/** A WHERE condition. Values are placeholders in the SQL, so that one statement serves all values, and is composed once. */
export interface Condition {
  /** Identifies the SQL among the conditions on the same rows; independent of the values. */
  readonly shape: string
  readonly compose: () => SQL
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * Creates a condition on one value, or no condition if the value is null or undefined.
 *
 * @param name shape and placeholder name of the condition
 * @param argument path of the argument that has the value
 * @throws BadInput if a string contains characters that PostgreSQL cannot store
 */
export function conditionOn(
  name: string,
  value: unknown,
  of: (placeholder: SQL) => SQL,
  argument: readonly string[] = ['filter', name],
): Condition[] {
  for (const text of Array.isArray(value) ? value : [value]) if (typeof text === 'string') checkText(text, argument)
  return value == null
    ? []
    : [{ shape: name, compose: () => of(sql`${sql.placeholder(name)}`), values: { [name]: value } }]
}

/** Joins conditions with AND; `true` if there are none. */
export function where(conditions: readonly Condition[], ...always: readonly SQL[]): SQL {
  const all = [...always, ...conditions.map((condition) => condition.compose())]
  return all.length === 0 ? sql`true` : sql.join(all, sql` AND `)
}

/** Escapes the characters that have a meaning in a LIKE pattern. */
export function literalPattern(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&')
}
