import type { CopyRun } from '../copy-run.ts'
import type { Session } from '../databases/session.ts'
import { inPhase } from '../in-phase.ts'
import { enter } from '../phase.ts'
import type { CopyTable } from '../plan/plan.ts'
import { targetChecksum } from '../plan/statements.ts'
import type { Checksum, TableReport } from '../report/report.ts'
import { isSame } from '../report/report.ts'
import { changedSince } from './changes.ts'
import { sequencesBehind } from './positions.ts'
import type { Prepared } from './prepare.ts'

/** Compares rows, then, where writers are not held, the source with what it was, or the sequences of a copy made earlier. */
export async function compareAll(
  analysed: readonly { readonly table: CopyTable; readonly report: TableReport }[],
  prepared: Prepared,
  copying: CopyRun,
) {
  const { options, source, target, step } = copying
  const tables = await inPhase('comparing', analysed, copying, async ({ table, report }) => ({
    ...report,
    target: await checksumOf(target, targetChecksum(table, target.schemas)),
  }))
  enter(step, 'comparing')
  const different = tables.filter((table) => !isSame(table)).map(difference)
  if (options.mode === 'verify-only') different.push(...(await sequencesBehind(target, prepared.used)))
  if (options.mode === 'execute') {
    const changed = await changedSince(source, prepared.fingerprints)
    different.push(
      ...changed.map((table) => `${table} of the source was written to during the copy: stop SIPIS, and copy again.`),
    )
  }
  return { tables, different }
}

async function checksumOf(target: Session, statement: string): Promise<Checksum> {
  const [[rows, sum] = []] = await target.query(statement)
  return { rows: Number(rows), sum: String(sum) }
}

function difference({ table, source, target }: TableReport): string {
  if (target === undefined) return `${table} was not compared.`
  if (target.rows !== source.rows)
    return `${table} differs: it should have ${source.rows} rows, and has ${target.rows}.`
  return `${table} differs: it has the right number of rows, but other contents.`
}
