/** Copies a v1 database into an empty v2 database: all accepted rows in one transaction, compared before the commit, or nothing. */
import type { DatabaseTarget } from '../../config/database-target.ts'
import { orProblem } from '../../database/connect-problem.ts'
import { Problem } from '../../errors/problem.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import { advanceSequences } from '../sequences.ts'
import { beginSource, beginTarget, refuseEncodings } from './begin.ts'
import type { UnknownTable } from './catalogue.ts'
import { factsOf, otherConnections, unknownTables } from './catalogue.ts'
import type { CopyTable, Reason } from './plan.ts'
import { copyPlan } from './plan.ts'
import type { Progress } from './progress.ts'
import { openRejectsFile } from './rejects-file.ts'
import type { Checksum, CopyReport, Mode, TableReport } from './report.ts'
import { isSame, rejectsByReason } from './report.ts'
import type { Session } from './session.ts'
import { openSession } from './session.ts'
import type { InvalidBytes } from './statements.ts'
import { targetChecksum } from './statements.ts'
import type { Task } from './task.ts'
import { countsOf, sourceKeysOf, taskOf } from './task.ts'
import { transfer } from './transfer.ts'
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
  /** Exact number of rows that may be rejected, by reason. */
  readonly accepted: ReadonlyMap<Reason, number>
  readonly lockTimeoutMs: number
}

/** A table whose rows have been analysed. */
interface AnalysedTask extends Task {
  readonly report: TableReport
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
  await using source = await open('the source (OLD)', options.source)
  await using target = await open('the target (NEW)', options.target)
  // Servers finish running statements even if the connection closes, so they are cancelled explicitly.
  const cancel = () => void Promise.allSettled([source.cancel(), target.cancel()])
  signal.addEventListener('abort', cancel)
  try {
    return await run(options, source, target, progress, signal)
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
  options: CopyOptions,
  source: Session,
  target: Session,
  progress: Progress,
  signal: AbortSignal,
): Promise<CopyReport> {
  const { mode } = options
  refuseEncodings(source, target)
  const plan = copyPlan({ ...source, missedReason: options.missedReason })
  const present = plan.filter(({ name }) => source.schemas.has(name))
  await beginSource(source, present, options.freeze)
  await beginTarget(target, plan, mode)
  const tasks = await prepare(present, source, target, options)

  const lap = stopwatch()
  const analysed: AnalysedTask[] = []
  for (const task of tasks) analysed.push({ ...task, report: await analyse(task, source, progress) })
  const analysing = lap()
  const reports = analysed.map(({ report }) => report)
  const facts = {
    mode,
    source: source.label,
    target: target.label,
    warnings: await warningsOf(source, plan),
    unknownTables: await findUnknown(source, plan),
    rejectsFile: await writeRejects(options, analysed, source),
  }
  const refused = unaccepted(reports, options.accepted)
  if (mode === 'dry-run' || (mode === 'execute' && refused.length > 0)) {
    const problems = mode === 'execute' ? [...refused, nothingWritten] : refused
    const seconds = { analysing, copying: 0, comparing: 0 }
    return { ...facts, tables: reports, committed: false, seconds, problems }
  }

  lap()
  if (mode === 'execute') for (const task of analysed) await move(task, source, target, progress, signal)
  const copying = lap()
  const tables = await compare(analysed, target, progress)
  const seconds = { analysing, copying, comparing: lap() }
  const different = tables.filter((table) => !isSame(table)).map(difference)
  const committed = mode === 'execute' && different.length === 0
  if (committed) await commit(target, tasks)
  const undone = mode === 'execute' && !committed ? [nothingWritten] : []
  return { ...facts, tables, committed, seconds, problems: [...refused, ...different, ...undone] }
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

async function compare(analysed: readonly AnalysedTask[], target: Session, progress: Progress): Promise<TableReport[]> {
  const compared: TableReport[] = []
  for (const { table, report } of analysed) {
    progress.say(`Comparing ${table.name} …`)
    compared.push({ ...report, target: await checksumOf(target, targetChecksum(table, target.schemas)) })
  }
  return compared
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

async function analyse(task: Task, source: Session, progress: Progress): Promise<TableReport> {
  progress.say(`Analysing ${task.table.name} …`)
  const rows = await source.query(task.statements.analysis(task.duplicates))
  const counts = await countsOf(task, rows, source)
  const sums = rows.find(([reason]) => reason === null)?.slice(-2) ?? ['0', '0']
  return { ...counts, source: { rows: counts.rowsOut, sums: sums.join(' ') }, target: undefined }
}

async function move(
  { table, statements, duplicates, report }: AnalysedTask,
  source: Session,
  target: Session,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const hasRejects = Object.keys(report.rejects).length > 0
  const into = `${qualifiedName(target.schemas, table.name)} (${statements.columns.join(', ')})`
  const bar = progress.table(table.name, report.rowsOut)
  try {
    await transfer(source, target, statements.accepted(duplicates, hasRejects), into, bar.moved, signal)
  } finally {
    bar.stop()
  }
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

/** Returns a problem for each reason whose number of rejected rows differs from the accepted number. */
function unaccepted(tables: readonly TableReport[], accepted: ReadonlyMap<Reason, number>): string[] {
  const found = rejectsByReason(tables)
  const reasons = new Set([...found.keys(), ...accepted.keys()])
  return [...reasons].flatMap((reason) => {
    const rows = found.get(reason) ?? 0
    const allowed = accepted.get(reason)
    if (rows === (allowed ?? 0)) return []
    return allowed === undefined
      ? [`${rows} rows cannot be copied: ${reason}. To copy the others: --accept-rejects ${reason}=${rows}`]
      : [`${rows} rows cannot be copied: ${reason}; --accept-rejects says ${allowed}.`]
  })
}

function difference({ table, source, target }: TableReport): string {
  if (target === undefined) return `${table} was not compared.`
  if (target.rows !== source.rows)
    return `${table} differs: it should have ${source.rows} rows, and has ${target.rows}.`
  return `${table} differs: it has the right number of rows, but other contents.`
}

async function writeRejects(
  { mode, rejectsFile }: CopyOptions,
  analysed: readonly AnalysedTask[],
  source: Session,
): Promise<string | undefined> {
  const hasSome = analysed.some(({ report }) => Object.keys(report.rejects).length > 0)
  const path =
    rejectsFile ??
    (mode === 'execute' && hasSome
      ? `sipis-copy-rejects-${new Date().toISOString().replaceAll(/[:.]/g, '')}.jsonl`
      : undefined)
  if (path === undefined) return undefined
  await using file = await openRejectsFile(path)
  for (const { table, statements, duplicates } of analysed) {
    await file.add(source, table, statements.rejects(duplicates))
  }
  return file.path
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
