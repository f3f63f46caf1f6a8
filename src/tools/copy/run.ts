/** The phases of a copy. Analyses all tables, then copies, compares and commits, so that problems are found before rows are written. */
import { qualifiedName } from '../../sipis/schemas.ts'
import { advanceSequences } from '../sequences.ts'
import { unaccepted } from './acceptance.ts'
import { beginSource, beginTarget, refuseEncoding } from './begin.ts'
import { factsOf, otherConnections, unknownTables } from './catalogue.ts'
import type { Fingerprints } from './changes.ts'
import { changedSince, fingerprintsOf } from './changes.ts'
import { commit } from './commit.ts'
import { diskProblems, estimateDisk } from './disk.ts'
import type { Phase, Step } from './failure.ts'
import { createIndexes, dropIndexes } from './indexes.ts'
import { findLost } from './lost.ts'
import type { CopyOptions } from './options.ts'
import type { CopyTable } from './plan.ts'
import { copiedTables, copyPlan } from './plan.ts'
import { sequencesBehind, usedNumbers } from './positions.ts'
import type { PhaseProgress, Progress } from './progress.ts'
import type { Readiness } from './readiness.ts'
import { readinessOf } from './readiness.ts'
import type { RejectsFile } from './rejects-file.ts'
import { refuseRelations, tablesElsewhere } from './relations.ts'
import type { Checksum, CopyReport, Seconds, TableReport } from './report.ts'
import { isSame, writes } from './report.ts'
import type { Session } from './session.ts'
import { sizesOf } from './sizes.ts'
import { targetChecksum } from './statements.ts'
import { stopwatch } from './stopwatch.ts'
import type { AnalysedTask, Task } from './task.ts'
import { countsOf, sourceKeysOf, taskOf } from './task.ts'
import { transfer } from './transfer.ts'
import { versionsOf } from './versions.ts'
import { absentWarnings, columnWarnings, serverWarnings } from './warnings.ts'

export interface CopyRun {
  readonly options: CopyOptions
  readonly rejects: RejectsFile | undefined
  readonly source: Session
  readonly target: Session
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly step: Step
}

/** Everything that is known before a row is read. */
interface Prepared {
  readonly plan: readonly CopyTable[]
  readonly tasks: readonly Task[]
  /** The largest number that each table of the source has given out. */
  readonly used: ReadonlyMap<string, bigint>
  readonly readiness: Readiness
  readonly fingerprints: Fingerprints
}

const nothingWritten = 'Nothing was written: the target is still empty.'

export async function run(copying: CopyRun): Promise<CopyReport> {
  const { options, rejects, source, target, progress } = copying
  const { mode } = options
  const versions = await versionsOf(source, target)
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
    warnings: await warningsOf(source, prepared),
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
    rejectsFile: undefined,
    tables: reports,
    committed: false,
    seconds: { ...noSeconds, analysing },
  }
  if (mode === 'dry-run' || (writes(mode) && refused.length > 0)) {
    const rejectsFile = await rejects?.publish(false)
    if (mode === 'dry-run')
      return { ...before, rejectsFile, expectedSeconds: analysing * shareOfAnalysis, problems: refused }
    return { ...before, rejectsFile, expectedSeconds: null, problems: [...refused, nothingWritten] }
  }
  const seconds = { ...before.seconds, ...(writes(mode) ? await write(analysed, copying, lap) : {}) }
  const { tables, different } = await compareAll(analysed, prepared, copying)
  const measured = { ...seconds, comparing: lap() }
  const committed = mode === 'execute' && different.length === 0
  // Between two statements there is nothing to cancel.
  copying.signal.throwIfAborted()
  const rejectsFile = await rejects?.publish(committed)
  if (committed) await finish(prepared, copying)
  const undone = writes(mode) && different.length > 0 ? [nothingWritten] : []
  const expectedSeconds = mode === 'rehearse' ? Object.values(measured).reduce((sum, part) => sum + part, 0) : null
  const problems = [...refused, ...different, ...undone]
  return { ...facts, rejectsFile, tables, committed, seconds: measured, expectedSeconds, problems }
}

const noSeconds: Seconds = { analysing: 0, copying: 0, indexing: 0, comparing: 0 }
/** A whole copy takes about so many times as long as its analysis; see docs/performance.md. */
const shareOfAnalysis = 4

function enter(step: Step, phase: Phase, table?: string): void {
  step.phase = phase
  step.table = table
}

/** Begins both transactions, and rejects unsuitable databases before any row is read. */
async function prepare(copying: CopyRun): Promise<Prepared> {
  const { options, source, target, step } = copying
  const { mode, freeze, missedReason } = options
  enter(step, 'preparing')
  refuseEncoding(target)
  await refuseRelations(source, copiedTables)
  await refuseRelations(target, copiedTables)
  const names = copiedTables.filter((name) => source.schemas.has(name))
  await beginSource(source, names, freeze)
  const used = await usedNumbers(source, names)
  const plan = copyPlan({ ...source, missedReason, used })
  await beginTarget(target, copiedTables, mode)
  const facts = new Map<string, Awaited<ReturnType<typeof factsOf>>>()
  for (const { name } of plan) facts.set(name, await factsOf(target, name))
  const readiness = mode === 'verify-only' ? { problems: [], warnings: [] } : await readinessOf(target, plan, facts)
  const watched = writes(mode) && !freeze ? names : []
  const fingerprints = await fingerprintsOf(source, watched)
  const present = plan.filter(({ name }) => source.schemas.has(name))
  const conversion = {
    sourceEncoding: source.encoding,
    targetEncoding: target.encoding,
    invalidBytes: options.invalidBytes,
  }
  const sourceKeys = await sourceKeysOf(source, present, conversion)
  const tasks: Task[] = []
  for (const table of present) {
    enter(step, 'analysing', table.name)
    const ofTable = facts.get(table.name) ?? { limits: new Map(), uniqueKeys: [] }
    tasks.push(await taskOf(table, ofTable, sourceKeys, conversion, source))
  }
  return { plan, tasks, used, readiness, fingerprints }
}

/** Does something for each table, and shows the progress. */
async function inPhase<T extends Task, R>(
  phase: 'analysing' | 'copying' | 'comparing',
  tasks: readonly T[],
  { source, progress, step }: CopyRun,
  work: (task: T, bar: PhaseProgress) => Promise<R>,
): Promise<R[]> {
  const tables = tasks.map(({ table }) => table)
  const bar = progress.phase(phase, await sizesOf(source, tables))
  const results: R[] = []
  try {
    for (const task of tasks) {
      enter(step, phase, task.table.name)
      if (phase !== 'copying') bar.table(task.table.name)
      results.push(await work(task, bar))
    }
  } finally {
    bar.stop(results.length === tasks.length)
  }
  return results
}

async function analyse(task: Task, source: Session): Promise<TableReport> {
  const rows = await source.query(task.statements.analysis(task.collisions))
  const counts = await countsOf(task, rows, source)
  const sums = rows.find(([reason]) => reason === null)?.slice(-2) ?? ['0', '0']
  return { ...counts, source: { rows: counts.rowsOut, sums: sums.join(' ') }, target: undefined }
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

/** Compares rows, then, where writers are not held, the source with what it was, or the sequences of a copy made earlier. */
async function compareAll(analysed: readonly AnalysedTask[], prepared: Prepared, copying: CopyRun) {
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
  const [[rows, first, second] = []] = await target.query(statement)
  return { rows: Number(rows), sums: `${first} ${second}` }
}

async function finish({ tasks, used }: Prepared, { options, target, step }: CopyRun): Promise<void> {
  enter(step, 'committing')
  const pathOf = (name: string) => qualifiedName(target.schemas, name)
  const paths = tasks.map(({ table }) => pathOf(table.name))
  await advanceSequences(target.query, paths, new Map([...used].map(([name, largest]) => [pathOf(name), largest])))
  await commit(target, options.target, step)
  // Failures are ignored, because the rows are already committed.
  for (const path of paths) await target.query(`ANALYZE ${path}`).catch(() => undefined)
}

function difference({ table, source, target }: TableReport): string {
  if (target === undefined) return `${table} was not compared.`
  if (target.rows !== source.rows)
    return `${table} differs: it should have ${source.rows} rows, and has ${target.rows}.`
  return `${table} differs: it has the right number of rows, but other contents.`
}

async function warningsOf(source: Session, { plan, readiness }: Prepared): Promise<string[]> {
  const others = await otherConnections(source)
  const present = copiedTables.filter((name) => source.schemas.has(name))
  const elsewhere = await tablesElsewhere(source, copiedTables)
  return [
    ...absentWarnings(plan, source.schemas),
    ...elsewhere.map((path) => `${path} of the source is not in the search_path of the role; it is not copied.`),
    ...(others === 0
      ? []
      : [
          `${others} other connections to the source are open: SIPIS may be running. What it writes from now on is not copied; stop it first.`,
        ]),
    ...(await columnWarnings(source, present)),
    ...(source.schemas.has('restart') ? await serverWarnings(source) : []),
    ...readiness.warnings,
  ]
}
