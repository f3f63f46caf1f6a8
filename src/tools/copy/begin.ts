/** Begins the transactions of a copy, and rejects unsuitable databases before any row is read. */
import type { Database } from '../../database/database.ts'
import { render } from '../../database/database.ts'
import { Problem } from '../../errors/problem.ts'
import { detect } from '../../sipis/detect.ts'
import type { newestVersion, SchemaVersion } from '../../sipis/schema-version.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import type { CopyTable } from './plan.ts'
import type { Mode } from './report.ts'
import type { Session, Source } from './session.ts'

/** What a copy writes; does not compile beside a newer version, of which plan.ts has to say what is written. */
const written: typeof newestVersion = 'V2'

/** Arbitrary advisory lock key that prevents a second copy into the same target. */
const advisoryLock = '6003407290438733'

/** @throws Problem if either database has an encoding that cannot be copied */
export function refuseEncodings(source: Session, target: Session): void {
  for (const { encoding, label } of [source, target]) {
    const refusal = encodingRefusal(encoding, label)
    if (refusal !== undefined) throw new Problem(refusal)
  }
}

export function encodingRefusal(encoding: string, label: string): string | undefined {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return undefined
  return `${label} is encoded in ${encoding}; only UTF8 and SQL_ASCII can be copied. Create a target in UTF8.`
}

/** Begins a transaction with one snapshot, so that SIPIS may keep writing. Locks first, because the first query takes the snapshot. */
export async function beginSource(source: Session, tables: readonly CopyTable[], freeze: boolean): Promise<void> {
  await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  if (freeze && tables.length > 0) await source.query(`LOCK TABLE ${namesIn(source, tables)} IN SHARE MODE`)
  await expectVersion(source, 'V1', 'The source (OLD)')
  if (await hasSharedIds(source)) throw new Problem(sharedIdsRefusal(source.label))
}

/** Whether several selectors share an id, so that the selector of a row is ambiguous. */
export async function hasSharedIds({ query, schemas }: Source): Promise<boolean> {
  const [[shared] = []] = await query(
    `SELECT EXISTS (SELECT FROM ${qualifiedName(schemas, 'selectors')} GROUP BY id HAVING count(*) > 1)`,
  )
  return shared === 't'
}

export function sharedIdsRefusal(label: string): string {
  return `Some selectors of ${label} share an id, so the selector of their rows is ambiguous. The primary key is missing: repair the source first.`
}

/** Begins a transaction. To execute a copy, locks the tables; unless it only verifies, requires them to be empty. */
export async function beginTarget(target: Session, plan: readonly CopyTable[], mode: Mode): Promise<void> {
  await target.query(mode === 'execute' ? 'BEGIN' : 'BEGIN READ ONLY')
  await expectVersion(target, written, 'The target (NEW)')
  for (const { name } of plan) {
    if (target.schemas.has(name)) continue
    throw new Problem(`${target.label} has no table ${name}. Create the target with "sipis-gateway init".`)
  }
  if (mode === 'verify-only') return
  if (mode === 'execute') {
    const [[free] = []] = await target.query(`SELECT pg_try_advisory_xact_lock(${advisoryLock})`)
    if (free !== 't') throw new Problem(`Another copy into ${target.label} is running. Wait for it, or stop it.`)
    await target.query(`LOCK TABLE ${namesIn(target, plan)} IN SHARE ROW EXCLUSIVE MODE`)
  }
  for (const { name } of plan) {
    const rows = await target.query(`SELECT 1 FROM ${qualifiedName(target.schemas, name)} LIMIT 1`)
    if (rows.length === 0) continue
    throw new Problem(
      `${target.label} is not empty: ${name} has rows. Copy into a new database that "sipis-gateway init" has created.`,
    )
  }
}

function namesIn({ schemas }: Session, tables: readonly CopyTable[]): string {
  return tables.map(({ name }) => qualifiedName(schemas, name)).join(', ')
}

async function expectVersion(session: Session, wanted: SchemaVersion, which: string): Promise<void> {
  const database: Database = {
    query(statement) {
      const { text, values } = render(statement)
      return session.query(text, values)
    },
    close: async () => undefined,
  }
  const { version } = await detect(database)
  if (version === wanted) return
  throw new Problem(
    `${which}, ${session.label}, has schema ${version.toLowerCase()}, not ${wanted.toLowerCase()}. The order is NEW OLD, as with CreateSipisDb.`,
  )
}
