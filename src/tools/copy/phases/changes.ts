/** Notices writes to a source that is not frozen. */
import { qualifiedName } from '../../../sipis/schemas.ts'
import type { Session } from '../databases/session.ts'

/** A fingerprint of each table, by its name. */
export type Fingerprints = ReadonlyMap<string, string>

/**
 * Fingerprints of the rows that the current snapshot sees. Every insert, update and delete changes the place or the transaction of a
 * row, so the values need not be read.
 */
export async function fingerprintsOf({ query, schemas }: Session, tables: readonly string[]): Promise<Fingerprints> {
  const found = new Map<string, string>()
  for (const table of tables) {
    const [values = []] = await query(
      `SELECT count(*), sum(hashtextextended(concat_ws(' ', tableoid, ctid, xmin), 0)) FROM ${qualifiedName(schemas, table)}`,
    )
    found.set(table, values.join(' '))
  }
  return found
}

/** Ends the snapshot of the copy, and returns the tables that have changed since it began. */
export async function changedSince(source: Session, before: Fingerprints): Promise<string[]> {
  await source.query('COMMIT')
  await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const now = await fingerprintsOf(source, [...before.keys()])
  return [...before].flatMap(([table, fingerprint]) => (now.get(table) === fingerprint ? [] : [table]))
}
