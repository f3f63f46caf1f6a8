import { rm } from 'node:fs/promises'
import { parseConnectionString } from '../../src/config/connection-string.ts'
import type { DatabaseTarget } from '../../src/config/database-target.ts'
import { copy } from '../../src/tools/copy/copy.ts'
import type { CopyOptions } from '../../src/tools/copy/options.ts'
import type { LongPhase } from '../../src/tools/copy/phase.ts'
import type { Reason } from '../../src/tools/copy/plan/plan.ts'
import { copiedTables } from '../../src/tools/copy/plan/plan.ts'
import type { Progress } from '../../src/tools/copy/progress.ts'
import type { Acceptance } from '../../src/tools/copy/report/acceptance.ts'
import type { CopyReport } from '../../src/tools/copy/report/report.ts'
import { rejectsByReason } from '../../src/tools/copy/report/report.ts'
import type { TestDatabase } from './database.ts'

/** A progress that shows nothing. */
export const silent: Progress = {
  say: () => undefined,
  connected: () => undefined,
  phase: () => ({ table: () => undefined, moved: () => undefined, stop: () => undefined }),
}

/** A progress that does something when a table is reached. */
export function atTable(work: (phase: LongPhase, table: string) => void): Progress {
  return {
    ...silent,
    phase: (phase, sizes) => ({ ...silent.phase(phase, sizes), table: (name) => work(phase, name) }),
  }
}

/** Options of a test. A number of rejected rows by reason is accepted exactly. */
export type TestOptions = Partial<Omit<CopyOptions, 'accepted'>> & {
  readonly accepted?: ReadonlyMap<Reason, number> | readonly Acceptance[]
}

function acceptances(accepted: TestOptions['accepted'] = []): readonly Acceptance[] {
  if (!(accepted instanceof Map)) return [...accepted] as Acceptance[]
  return [...accepted].map(([reason, rows]) => ({ table: undefined, reason, least: rows, most: rows }))
}

export function targetOf({ url }: TestDatabase): DatabaseTarget {
  return { connection: parseConnectionString(url, 'test', {}), label: new URL(url).pathname.slice(1) }
}

/** The options of a dry run, with others in their place. */
export function optionsFor(
  source: TestDatabase,
  target: TestDatabase,
  { accepted, ...options }: TestOptions = {},
): CopyOptions {
  return {
    source: targetOf(source),
    target: targetOf(target),
    mode: 'dry-run',
    freeze: false,
    invalidBytes: 'reject',
    missedReason: 'Missed',
    rejectsFile: undefined,
    accepted: acceptances(accepted),
    lockTimeoutMs: 5_000,
    ...options,
  }
}

/** Copies in this process. */
export async function runCopy(
  source: TestDatabase,
  target: TestDatabase,
  options: TestOptions = {},
  progress: Progress = silent,
): Promise<CopyReport> {
  const report = await copy(optionsFor(source, target, options), progress, new AbortController().signal)
  const { rejectsFile } = report
  if (options.rejectsFile === undefined && rejectsFile !== undefined) await rm(rejectsFile)
  return report
}

/** Leaves behind exactly what a dry run says. */
export async function executeAccepting(
  source: TestDatabase,
  target: TestDatabase,
  options: TestOptions = {},
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
