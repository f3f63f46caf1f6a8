import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'

/** All of the conditions; none of them lets everything through. */
export function where(conditions: readonly SQL[]): SQL {
  return conditions.length === 0 ? sql`true` : sql.join([...conditions], sql` AND `)
}
