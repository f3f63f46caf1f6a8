import { parseConnectionString } from '../../src/config/connection-string.ts'
import type { DatabaseTarget } from '../../src/config/database-target.ts'
import { copy } from '../../src/tools/copy/copy.ts'
import type { CopyOptions } from '../../src/tools/copy/options.ts'
import { copiedTables } from '../../src/tools/copy/plan.ts'
import type { Progress } from '../../src/tools/copy/progress.ts'
import type { CopyReport } from '../../src/tools/copy/report.ts'
import { rejectsByReason } from '../../src/tools/copy/report.ts'
import type { TestDatabase } from './database.ts'

const silent: Progress = { say: () => undefined, table: () => ({ moved: () => undefined, stop: () => undefined }) }

export function targetOf({ url }: TestDatabase): DatabaseTarget {
  return { connection: parseConnectionString(url, 'test', {}), label: new URL(url).pathname.slice(1) }
}

/** Copies in this process. */
export function runCopy(
  source: TestDatabase,
  target: TestDatabase,
  options: Partial<CopyOptions> = {},
  progress: Progress = silent,
): Promise<CopyReport> {
  const all: CopyOptions = {
    source: targetOf(source),
    target: targetOf(target),
    mode: 'dry-run',
    freeze: false,
    invalidBytes: 'reject',
    missedReason: 'Missed',
    rejectsFile: undefined,
    accepted: new Map(),
    lockTimeoutMs: 5_000,
    ...options,
  }
  return copy(all, progress, new AbortController().signal)
}

/** Leaves behind exactly what a dry run says. */
export async function executeAccepting(
  source: TestDatabase,
  target: TestDatabase,
  options: Partial<CopyOptions> = {},
): Promise<CopyReport> {
  const { tables } = await runCopy(source, target, { ...options, rejectsFile: undefined })
  return runCopy(source, target, { ...options, mode: 'execute', accepted: rejectsByReason(tables) })
}

export const copied = copiedTables

export async function rowCounts({ sql }: TestDatabase): Promise<Record<string, number>> {
  const [counts = []] = await sql(`SELECT ${copied.map((table) => `(SELECT count(*) FROM ${table})`).join(', ')}`)
  return Object.fromEntries(copied.map((table, index) => [table, Number(counts[index])]))
}

/** Every row of every table, in an order of its own. */
export async function contents({ sql }: TestDatabase): Promise<unknown[]> {
  const rows: unknown[] = []
  // Bytes that are no UTF-8 must not fail the look.
  for (const table of copied) rows.push(await sql(`SELECT md5(t::text) FROM ${table} t ORDER BY 1`))
  return rows
}
