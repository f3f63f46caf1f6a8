/** Begins the transactions of a copy, and rejects unsuitable databases before any row is read. */
import type { Database } from '../../../database/database.ts'
import { render } from '../../../database/database.ts'
import { Problem } from '../../../errors/problem.ts'
import { detect } from '../../../sipis/detect.ts'
import type { SchemaVersion } from '../../../sipis/schema-version.ts'
import { qualifiedName } from '../../../sipis/schemas.ts'
import type { Direction } from '../plan/direction.ts'
import type { Mode } from '../report/report.ts'
import { writes } from '../report/report.ts'
import type { Session, Source } from './session.ts'

/** Arbitrary advisory lock key that prevents a second copy into the same target. */
const advisoryLock = '6003407290438733'

/** @throws Problem if the target has an encoding that cannot hold every text */
export function refuseEncoding({ encoding, label }: Session): void {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return
  throw new Problem(
    `The target (NEW), ${label}, is encoded in ${encoding}, which cannot hold every text. Create it in UTF8, or in SQL_ASCII.`,
    'WRONG_ENCODING',
  )
}

/**
 * Begins a transaction with one snapshot. Locks first, because the first query takes the snapshot.
 *
 * @param freeze whether to block writers, so that nothing is written that is not copied
 */
export async function beginSource(
  source: Session,
  names: readonly string[],
  freeze: boolean,
  direction: Direction,
): Promise<void> {
  await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  if (freeze && names.length > 0) await source.query(`LOCK TABLE ${pathsIn(source, names)} IN SHARE MODE`)
  await expectVersion(source, direction.source, direction)
  // Rows of v2 refer to a name, and those of v1 to an id.
  for (const owner of direction.owner === 'id' ? (['id'] as const) : (['selector', 'id'] as const)) {
    if (await hasSharedIds(source, owner))
      throw new Problem(sharedIdsRefusal(source.label, owner), 'AMBIGUOUS_SELECTORS')
  }
}

/** Whether several selectors share what rows refer to, so that the selector of a row is ambiguous. */
export async function hasSharedIds({ query, schemas }: Source, owner: Direction['owner'] = 'id'): Promise<boolean> {
  const [[shared] = []] = await query(
    `SELECT EXISTS (SELECT FROM ${qualifiedName(schemas, 'selectors')} GROUP BY ${owner} HAVING count(*) > 1)`,
  )
  return shared === 't'
}

export function sharedIdsRefusal(label: string, owner: Direction['owner'] = 'id'): string {
  const shared = owner === 'id' ? 'an id' : 'a name'
  return `Some selectors of ${label} share ${shared}, so the selector of their rows is ambiguous. A unique key is missing: repair the source first.`
}

/** Begins a transaction. To write, locks the tables; unless it only verifies, requires them to be empty. */
export async function beginTarget(
  target: Session,
  names: readonly string[],
  mode: Mode,
  direction: Direction,
): Promise<void> {
  await target.query(writes(mode) ? 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' : 'BEGIN READ ONLY')
  await expectVersion(target, direction.target, direction)
  for (const name of names) {
    if (target.schemas.has(name)) continue
    throw new Problem(
      `${target.label} has no table ${name}. Create the tables of the target with the tool of SIPIS 4, CreateSipisDb.`,
      'WRONG_SCHEMA',
    )
  }
  if (mode === 'verify-only') return
  if (writes(mode)) {
    const [[free] = []] = await target.query(`SELECT pg_try_advisory_xact_lock(${advisoryLock})`)
    if (free !== 't')
      throw new Problem(`Another copy into ${target.label} is running. Wait for it, or stop it.`, 'COPY_RUNNING')
    await target.query(`LOCK TABLE ${pathsIn(target, names)} IN SHARE ROW EXCLUSIVE MODE`)
  }
  for (const name of names) {
    const rows = await target.query(`SELECT 1 FROM ${qualifiedName(target.schemas, name)} LIMIT 1`)
    if (rows.length === 0) continue
    throw new Problem(
      `${target.label} is not empty: ${name} has rows. Copy into a new database, whose tables CreateSipisDb of SIPIS 4 or, for a rehearsal, "sipis-gateway init" has created.`,
      'TARGET_NOT_EMPTY',
    )
  }
}

function pathsIn({ schemas }: Session, names: readonly string[]): string {
  return names.map((name) => qualifiedName(schemas, name)).join(', ')
}

async function expectVersion(session: Session, wanted: SchemaVersion, { source }: Direction): Promise<void> {
  const database: Database = {
    query(statement) {
      const { text, values } = render(statement)
      return session.query(text, values)
    },
    close: async () => undefined,
  }
  const which = session.side === 'source' ? 'The source (OLD)' : 'The target (NEW)'
  const { version } = await detect(database).catch((error: unknown) => {
    throw error instanceof Problem
      ? new Problem(`${which}, ${session.label}: ${error.message}`, 'WRONG_SCHEMA', error.kind)
      : error
  })
  if (version === wanted) return
  throw new Problem(
    `${which}, ${session.label}, has schema ${version.toLowerCase()}, not ${wanted.toLowerCase()}. The order is NEW OLD, as with CreateSipisDb${source === 'V2' ? ': with --back NEW is the v1 database' : ''}.`,
    'WRONG_SCHEMA',
  )
}
