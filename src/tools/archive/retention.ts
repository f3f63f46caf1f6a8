import { eventKinds } from '../../loaders/changes.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import { keptTables } from './plan.ts'
import type { Target } from './target.ts'
import { daysOf } from './transfer.ts'

const mostRows = 1_000

/**
 * Deletes a batch of rows of each kind that are older, and selectors that have no row any more.
 *
 * @returns the number of rows, and whether there may be more
 */
export async function expire({ session, schemas }: Target, days: number) {
  const age = daysOf(days)
  let rows = 0
  let isMore = false
  for (const kind of eventKinds) {
    const { name, time, since } = keptTables[kind]
    const path = qualifiedName(schemas, name)
    const deleted = await session.write(deletion(path, `${time} < ${since(age)}`))
    rows += deleted
    isMore ||= deleted === mostRows
  }
  if (rows > 0) await session.write(deletion(qualifiedName(schemas, 'selectors'), abandoned({ schemas }, age)))
  return { rows, isMore }
}

function deletion(path: string, condition: string): string {
  return `DELETE FROM ${path} WHERE ctid = ANY(ARRAY(SELECT t.ctid FROM ${path} AS t WHERE t.${condition} LIMIT ${mostRows}))`
}

function abandoned({ schemas }: Pick<Target, 'schemas'>, age: string): string {
  const without = eventKinds.map(
    (kind) =>
      `NOT EXISTS (SELECT FROM ${qualifiedName(schemas, keptTables[kind].name)} AS r WHERE r.selector = t.selector)`,
  )
  return [`lastseen < now() - ${age}`, ...without].join(' AND ')
}
