/** Copies a v1 database into an empty v2 database: all accepted rows in one transaction, compared before the commit, or nothing. */
import type { DatabaseTarget } from '../../config/database-target.ts'
import { orProblem } from '../../database/connect-problem.ts'
import { Problem } from '../../errors/problem.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import { advanceSequences } from '../sequences.ts'
import type { Acceptance } from './acceptance.ts'
import { unaccepted } from './acceptance.ts'
import { beginSource, beginTarget, refuseEncodings } from './begin.ts'
import type { UnknownTable } from './catalogue.ts'
import { factsOf, otherConnections, unknownTables } from './catalogue.ts'
import { findLost } from './lost.ts'
import type { CopyTable } from './plan.ts'
import { copyPlan } from './plan.ts'
import type { PhaseProgress, Progress } from './progress.ts'
import type { RejectsFile } from './rejects-file.ts'
import { openRejects } from './rejects-file.ts'
import type { Checksum, CopyReport, Mode, TableReport } from './report.ts'
import { isSame } from './report.ts'
import type { Session } from './session.ts'
import { openSession } from './session.ts'
import { sizesOf } from './sizes.ts'
import type { InvalidBytes } from './statements.ts'
import { targetChecksum } from './statements.ts'
import type { AnalysedTask, Task } from './task.ts'
import { countsOf, sourceKeysOf, taskOf } from './task.ts'
import { transfer } from './transfer.ts'
import { versionsOf } from './versions.ts'
import { absentWarnings, serverWarnings } from './warnings.ts'

export interface CopyOptions {
  readonly source: DatabaseTarget
  readonly target: DatabaseTarget
  readonly mode: Mode
  /** Whether to block writes to the source while the copy runs. */
  readonly freeze: boolean
  readonly invalidBytes: InvalidBytes
  readonly missedReason: string
  readonly rejectsFile: string | undefined
  /** Rows that may be rejected. */
  readonly accepted: readonly Acceptance[]
  readonly lockTimeoutMs: number
}

/**
 * Runs a copy, a dry run or a comparison.
 *
 * @param signal aborts the running statements
 * @throws Problem if a database is unsuitable or unreachable, or the copy is interrupted
 * @throws DatabaseError if a statement fails
 */
export async function copy(options: CopyOptions, progress: Progress, signal: AbortSignal): Promise<CopyReport> {
  const open = (which: string, database: DatabaseTarget) =>
    orProblem(`${database.label}, ${which},`, () => openSession(database, options.lockTimeoutMs, signal)).catch(
      (error: unknown) => {
        throw signal.aborted ? interrupted() : error
      },
    )
  await using rejects = await openRejects(options.mode, options.rejectsFile)
  await using source = await open('the source (OLD)', options.source)
  await using target = await open('the target (NEW)', options.target)
  // Servers finish running statements even if the connection closes, so they are cancelled explicitly.
  const cancel = () => void Promise.allSettled([source.cancel(), target.cancel()])
  signal.addEventListener('abort', cancel)
  try {
    return await run({ ...options, rejects }, source, target, progress, signal)
  } catch (error) {
    if (!signal.aborted || error instanceof Problem) throw error
    throw interrupted()
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function interrupted(): Problem {
  return new Problem('Interrupted: the target is unchanged.')
}

/** Analyses all tables, then copies, compares and commits, so that problems are found before rows are written. */
async function run(
  options: CopyOptions & { readonly rejects: RejectsFile | undefined },
  source: Session,
  target: Session,
  progress: Progress,
  signal: AbortSignal,
): Promise<CopyReport> {
  const { mode, rejects } = options
  const versions = await versionsOf(source, target)
  progress.connected(versions)
  refuseEncodings(source, target)
  const plan = copyPlan({ ...source, missedReason: options.missedReason })
  const present = plan.filter(({ name }) => source.schemas.has(name))
  await beginSource(source, present, options.freeze)
  await beginTarget(target, plan, mode)
  const tasks = await prepare(present, source, target, options)

  const lap = stopwatch()
  const sizes = await sizesOf(source, present)
  const analysed = await inPhase(progress.phase('analysing', sizes), tasks, async (task, bar) => {
    bar.table(task.table.name)
    return { ...task, report: await analyse(task, source) }
  })
  const analysing = lap()
  const reports = analysed.map(({ report }) => report)
  const facts = {
    mode,
    source: source.label,
    target: target.label,
    warnings: await warningsOf(source, plan),
    unknownTables: await findUnknown(source, plan),
    versions,
    lost: await findLost(analysed, source),
  }
  for (const task of analysed) await rejects?.add(source, task)
  const refused = unaccepted(reports, options.accepted)
  if (mode === 'dry-run' || (mode === 'execute' && refused.length > 0)) {
    const problems = mode === 'execute' ? [...refused, nothingWritten] : refused
    const seconds = { analysing, copying: 0, comparing: 0 }
    const rejectsFile = await rejects?.publish(false)
    return { ...facts, rejectsFile, tables: reports, committed: false, seconds, problems }
  }

  lap()
  if (mode === 'execute') {
    const move = (task: AnalysedTask, bar: PhaseProgress) => moveTable(task, source, target, bar, signal)
    await inPhase(progress.phase('copying', sizes), analysed, move)
  }
  const copying = lap()
  const tables = await inPhase(progress.phase('comparing', sizes), analysed, (task, bar) => compare(task, target, bar))
  const seconds = { analysing, copying, comparing: lap() }
  const different = tables.filter((table) => !isSame(table)).map(difference)
  const committed = mode === 'execute' && different.length === 0
  // Between two statements there is nothing to cancel.
  if (signal.aborted) throw interrupted()
  const rejectsFile = await rejects?.publish(committed)
  if (committed) await commit(target, tasks)
  const undone = mode === 'execute' && !committed ? [nothingWritten] : []
  return { ...facts, rejectsFile, tables, committed, seconds, problems: [...refused, ...different, ...undone] }
}

/** Returns a function that returns the seconds since its previous call. */
function stopwatch(): () => number {
  let since = performance.now()
  return () => {
    const before = since
    since = performance.now()
    return (since - before) / 1000
  }
}

async function inPhase<T, R>(
  bar: PhaseProgress,
  tasks: readonly T[],
  work: (task: T, bar: PhaseProgress) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  try {
    for (const task of tasks) results.push(await work(task, bar))
  } finally {
    bar.stop(results.length === tasks.length)
  }
  return results
}

async function compare({ table, report }: AnalysedTask, target: Session, bar: PhaseProgress): Promise<TableReport> {
  bar.table(table.name)
  return { ...report, target: await checksumOf(target, targetChecksum(table, target.schemas)) }
}

const nothingWritten = 'Nothing was written: the target is still empty.'

async function prepare(
  tables: readonly CopyTable[],
  source: Session,
  target: Session,
  { invalidBytes }: CopyOptions,
): Promise<Task[]> {
  const conversion = { sourceEncoding: source.encoding, targetEncoding: target.encoding, invalidBytes }
  const sourceKeys = await sourceKeysOf(source, tables, conversion)
  const tasks: Task[] = []
  for (const table of tables) {
    tasks.push(await taskOf(table, await factsOf(target, table.name), sourceKeys, conversion, source))
  }
  return tasks
}

async function analyse(task: Task, source: Session): Promise<TableReport> {
  const rows = await source.query(task.statements.analysis(task.duplicates))
  const counts = await countsOf(task, rows, source)
  const sums = rows.find(([reason]) => reason === null)?.slice(-2) ?? ['0', '0']
  return { ...counts, source: { rows: counts.rowsOut, sums: sums.join(' ') }, target: undefined }
}

async function moveTable(
  { table, statements, duplicates, report }: AnalysedTask,
  source: Session,
  target: Session,
  bar: PhaseProgress,
  signal: AbortSignal,
): Promise<void> {
  const hasRejects = Object.keys(report.rejects).length > 0
  const into = `${qualifiedName(target.schemas, table.name)} (${statements.columns.join(', ')})`
  bar.table(table.name, report.rowsOut)
  await transfer(source, target, statements.accepted(duplicates, hasRejects), into, bar.moved, signal)
}

async function checksumOf(target: Session, statement: string): Promise<Checksum> {
  const [[rows, first, second] = []] = await target.query(statement)
  return { rows: Number(rows), sums: `${first} ${second}` }
}

async function commit(target: Session, tasks: readonly Task[]): Promise<void> {
  const names = tasks.map(({ table }) => qualifiedName(target.schemas, table.name))
  await advanceSequences(target.query, names)
  await target.query('COMMIT').catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new Problem(
      `The copy into ${target.label} was compared, but the commit was not answered (${why}): the target is complete or empty. Run "copy --verify-only" to find out.`,
    )
  })
  // Failures are ignored, because the rows are already committed.
  for (const name of names) await target.query(`ANALYZE ${name}`).catch(() => undefined)
}

function difference({ table, source, target }: TableReport): string {
  if (target === undefined) return `${table} was not compared.`
  if (target.rows !== source.rows)
    return `${table} differs: it should have ${source.rows} rows, and has ${target.rows}.`
  return `${table} differs: it has the right number of rows, but other contents.`
}

async function warningsOf(source: Session, plan: readonly CopyTable[]): Promise<string[]> {
  const others = await otherConnections(source)
  return [
    ...absentWarnings(plan, source.schemas),
    ...(others === 0
      ? []
      : [
          `${others} other connections to the source are open: SIPIS may be running. What it writes from now on is not copied; stop it first.`,
        ]),
    ...(source.schemas.has('restart') ? await serverWarnings(source) : []),
  ]
}

function findUnknown(source: Session, plan: readonly CopyTable[]): Promise<UnknownTable[]> {
  return unknownTables(
    source,
    plan.map(({ name }) => name),
  )
}
