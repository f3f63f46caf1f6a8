/** The phases of a copy. Analyses all tables, then copies, compares and commits, so that problems are found before rows are written. */
import { qualifiedName } from '../../sipis/schemas.ts'
import { advanceSequences } from '../sequences.ts'
import type { CopyRun } from './copy-run.ts'
import { unknownTables } from './databases/catalogue.ts'
import { diskProblems, estimateDisk } from './databases/disk.ts'
import type { Session } from './databases/session.ts'
import { versionsOf } from './databases/versions.ts'
import { interrupted } from './failure.ts'
import { inPhase } from './in-phase.ts'
import { enter, noSeconds } from './phase.ts'
import { commit } from './phases/commit.ts'
import { compareAll } from './phases/compare.ts'
import { createIndexes, dropIndexes } from './phases/indexes.ts'
import type { Prepared } from './phases/prepare.ts'
import { prepare, warningsOf } from './phases/prepare.ts'
import { transfer } from './phases/transfer.ts'
import { directionOf } from './plan/direction.ts'
import { copiedTables } from './plan/plan.ts'
import type { AnalysedTask, Task } from './plan/task.ts'
import { countsOf } from './plan/task.ts'
import type { PhaseProgress } from './progress.ts'
import { unaccepted } from './report/acceptance.ts'
import { findLost } from './report/lost.ts'
import type { CopyReport, Mode, TableReport } from './report/report.ts'
import { writes } from './report/report.ts'
import { freezeWarnings } from './report/warnings.ts'
import { stopwatch } from './stopwatch.ts'

const nothingWritten = 'Nothing was written: the target is still empty.'

export async function run(copying: CopyRun): Promise<CopyReport> {
  const { options, rejects, source, target, progress } = copying
  const { mode } = options
  const versions = await versionsOf(source, target, directionOf(options))
  progress.connected(versions)
  const prepared = await prepare(copying)
  const lap = stopwatch()
  const analysed = await inPhase('analysing', prepared.tasks, copying, async (task) => ({
    ...task,
    report: await analyse(task, source),
  }))
  const analysing = lap()
  const reports = analysed.map(({ report }) => report)
  const names = analysed.map(({ table }) => table.name)
  const disk = mode === 'verify-only' ? null : await estimateDisk(source, target, names)
  const facts = {
    mode,
    source: source.label,
    target: target.label,
    warnings: [
      ...(await warningsOf(source, prepared, directionOf(options))),
      ...(mode === 'verify-only' ? [] : await freezeWarnings(source, names)),
    ],
    unknownTables: await unknownTables(source, copiedTables),
    versions,
    lost: await findLost(analysed, source),
    disk,
  }
  for (const task of analysed) await rejects?.add(source, task)
  const refused = [
    ...prepared.readiness.problems,
    ...(disk === null ? [] : diskProblems(disk, target.label)),
    ...unaccepted(reports, options),
  ]
  const before = {
    ...facts,
    tables: reports,
    committed: false,
    seconds: { ...noSeconds, analysing },
  }
  if (mode === 'dry-run' || (writes(mode) && refused.length > 0)) {
    return { ...before, rejectsFile: await rejects?.publish(false), ...decisionOf(mode, analysing, refused) }
  }
  const seconds = { ...before.seconds, ...(writes(mode) ? await write(analysed, copying, lap) : {}) }
  const { tables, different } = await compareAll(analysed, prepared, copying)
  const measured = { ...seconds, comparing: lap() }
  const committed = mode === 'execute' && different.length === 0
  if (copying.signal.aborted) throw interrupted(copying.step)
  const rejectsFile = await rejects?.publish(committed)
  if (committed) await finish(prepared, copying)
  const undone = writes(mode) && different.length > 0 ? [nothingWritten] : []
  const expectedSeconds = mode === 'rehearse' ? Object.values(measured).reduce((sum, part) => sum + part, 0) : null
  const problems = [...refused, ...different, ...undone]
  return { ...facts, rejectsFile, tables, committed, seconds: measured, expectedSeconds, problems }
}

/** What a run that writes nothing tells. */
function decisionOf(mode: Mode, analysing: number, refused: readonly string[]) {
  if (mode === 'dry-run') return { expectedSeconds: analysing * timesOfAnalysis, problems: refused }
  return { expectedSeconds: null, problems: [...refused, nothingWritten] }
}

/** A whole copy takes about so many times as long as its analysis, by npm run bench:copy. */
const timesOfAnalysis = 3

async function analyse(task: Task, source: Session): Promise<TableReport> {
  const rows = await source.query(task.statements.analysis(task.collisions))
  const counts = await countsOf(task, rows, source)
  const sum = rows.find(([reason]) => reason === null)?.at(-1) ?? '0'
  return { ...counts, source: { rows: counts.rowsOut, sum }, target: undefined }
}

/** Writes all rows, then what depends on them: indexes, and constraints that wait for the end. */
async function write(analysed: readonly AnalysedTask[], copying: CopyRun, lap: () => number) {
  const { target, progress, step } = copying
  lap()
  const filled = analysed.filter(({ report }) => report.rowsOut > 0).map(({ table }) => table.name)
  enter(step, 'copying')
  const indexes = await dropIndexes(target, filled)
  await inPhase('copying', analysed, copying, (task, bar) => move(task, copying, bar))
  await target.query('SET CONSTRAINTS ALL IMMEDIATE')
  const seconds = lap()
  await createIndexes(target, indexes, (table) => {
    if (step.phase !== 'indexing' || step.table !== table) progress.say(`Creating the indexes of ${table} …`)
    enter(step, 'indexing', table)
  })
  return { copying: seconds, indexing: lap() }
}

async function move(
  { table, statements, collisions, report }: AnalysedTask,
  { source, target, signal }: CopyRun,
  bar: PhaseProgress,
): Promise<void> {
  const hasRejects = Object.keys(report.rejects).length > 0
  const into = `${qualifiedName(target.schemas, table.name)} (${statements.columns.join(', ')})`
  bar.table(table.name, report.rowsOut)
  await transfer(source, target, statements.accepted(collisions, hasRejects), into, bar.moved, signal)
}

async function finish({ tasks, used }: Prepared, { options, target, signal, step }: CopyRun): Promise<void> {
  enter(step, 'committing')
  if (signal.aborted) throw interrupted(step)
  const pathOf = (name: string) => qualifiedName(target.schemas, name)
  const paths = tasks.map(({ table }) => pathOf(table.name))
  await advanceSequences(target.query, paths, new Map([...used].map(([name, largest]) => [pathOf(name), largest])))
  await commit(target, options.target, step)
  // Failures are ignored, because the rows are already committed.
  for (const path of paths) await target.query(`ANALYZE ${path}`).catch(() => undefined)
}
