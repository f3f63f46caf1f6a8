import { existsSync } from 'node:fs'
import { databaseAt } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import { Problem } from '../errors/problem.ts'
import type { InvalidBytes } from '../tools/copy/conversion.ts'
import { copy } from '../tools/copy/copy.ts'
import type { CopyOptions } from '../tools/copy/options.ts'
import type { Reason } from '../tools/copy/plan.ts'
import { reasons } from '../tools/copy/plan.ts'
import type { Progress as CopyProgress } from '../tools/copy/progress.ts'
import type { CopyReport, Mode, TableReport } from '../tools/copy/report.ts'
import { describeCounts, rejectsByReason } from '../tools/copy/report.ts'
import { endWithin } from './ending.ts'
import type { Output } from './output.ts'
import { createProgress } from './progress.ts'
import { openResultFile } from './result-file.ts'

export interface CopyFlags {
  readonly to?: string | undefined
  readonly from?: string | undefined
  readonly execute?: boolean | undefined
  readonly rehearse?: boolean | undefined
  readonly verifyOnly?: boolean | undefined
  readonly freeze?: boolean | undefined
  readonly invalidBytes: InvalidBytes
  readonly missedReason: string
  readonly rejects?: string | undefined
  readonly acceptRejects?: readonly string[] | undefined
  readonly lockTimeout: number
  readonly result?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Runs the copy command and prints its report.
 *
 * @param names positional arguments: target, source
 * @returns whether there are no problems
 * @throws Problem if the arguments are invalid or the copy fails
 */
export async function copyCommand(
  names: readonly (string | undefined)[],
  flags: CopyFlags,
  environment: Environment,
  output: Output,
): Promise<boolean> {
  const options = optionsOf(names, flags, environment)
  // From now on the databases decide about success, not whether a line can be printed.
  output.loseWhatFails()
  const result = await openResultFile(flags.result)
  const interrupted = new AbortController()
  void output.stopped().then(() => {
    interrupted.abort()
    endWithin(stopMs)
  })
  const say = (line: string | undefined) => line !== undefined && output.progress.write(`${line}\n`)
  const report = await copy(options, progressOn(output), interrupted.signal).catch(async (error: Error) => {
    say(await result.write(error))
    throw error
  })
  say(await result.write(report))
  output.print(flags.json === true ? JSON.stringify(report, null, 2) : describe(report))
  say(ending(report))
  return report.committed || report.problems.length === 0
}

/** After a signal: longer than a copy takes to find out what became of its commit. */
const stopMs = 45_000

/** PostgreSQL knows no longer one. */
const largestTimeoutMs = 2_147_483_647

function optionsOf(
  [newName, oldName]: readonly (string | undefined)[],
  flags: CopyFlags,
  environment: Environment,
): CopyOptions {
  const target = databaseAt(...named(newName, flags.to, 'NEW', '--to'), environment)
  const source = databaseAt(...named(oldName, flags.from, 'OLD', '--from'), environment)
  const mode = modeOf(flags)
  return {
    source,
    target,
    mode,
    freeze: flags.freeze ?? mode === 'execute',
    invalidBytes: flags.invalidBytes,
    missedReason: flags.missedReason,
    rejectsFile: flags.rejects,
    accepted: acceptedRejects(flags.acceptRejects ?? []),
    lockTimeoutMs: Math.min(flags.lockTimeout * 1000, largestTimeoutMs),
  }
}

function modeOf({ execute, rehearse, verifyOnly }: CopyFlags): Mode {
  const given = [
    ...(execute === true ? ['execute' as const] : []),
    ...(rehearse === true ? ['rehearse' as const] : []),
    ...(verifyOnly === true ? ['verify-only' as const] : []),
  ]
  const [mode = 'dry-run'] = given
  if (given.length < 2) return mode
  const names = given.map((name) => `--${name}`).join(' and ')
  throw new Problem(`${names} exclude each other. Give one of them, or none for a dry run.`)
}

function named(
  place: string | undefined,
  flag: string | undefined,
  what: string,
  option: string,
): [name: string, where: string, isSettings: boolean] {
  if (place !== undefined && flag !== undefined)
    throw new Problem(`${what} and ${option} name the same database twice. Give one of them.`)
  const name = place ?? flag
  if (name === undefined) {
    throw new Problem(
      `${what} is missing. The order is: sipis-gateway copy NEW OLD, each a Settings.xml or a postgres:// URL.`,
    )
  }
  // The name of an existing file is a path, whatever its form.
  return [name, place === undefined ? option : what, existsSync(name) || /\.xml(\.\w+)?$/i.test(name)]
}

function acceptedRejects(pairs: readonly string[]): Map<Reason, number> {
  return new Map(
    pairs.map((pair) => {
      const [, name, count] = /^([a-z-]+)=(\d{1,15})$/.exec(pair) ?? []
      const reason = reasons.find((known) => known === name)
      if (reason === undefined) {
        throw new Problem(`--accept-rejects ${pair} is not reason=count. The reasons are ${reasons.join(', ')}.`)
      }
      return [reason, Number(count)]
    }),
  )
}

function progressOn({ progress: stream }: Output): CopyProgress {
  const progress = createProgress(stream)
  return {
    say: (line) => void stream.write(`${line}\n`),
    table(name, rows) {
      progress.start(name, rows)
      return { moved: ({ rows: done, bytes }) => progress.update(done, bytes), stop: progress.stop }
    },
  }
}

function describe(report: CopyReport): string {
  const { mode, source, target, tables, warnings, unknownTables, rejectsFile, problems } = report
  const heading = {
    'dry-run': 'Dry run: nothing is written.',
    rehearse: 'Rehearsal: everything is done but the commit.',
    execute: 'Copy.',
    'verify-only': 'Comparison: nothing is written.',
  }
  return [
    `${heading[mode]} From ${source} (v1) into ${target} (v2)`,
    '',
    row('table', 'rows in', 'added', 'rejected', 'rows out', mode === 'dry-run' ? '' : 'compared'),
    ...tables.map(tableLine),
    ...tables.flatMap(describeCounts),
    ...warnings.map((warning) => `\nWarning: ${warning}`),
    ...unknownTables.map(
      ({ table, rows }) =>
        `\nWarning: ${table} is not a table of SIPIS 4; its ${rows ?? 'unknown'} rows are not copied.`,
    ),
    ...(rejectsFile === undefined ? [] : [`\nThe rejected rows are listed in ${rejectsFile}`]),
    ...problems.map((problem) => `\n${problem}`),
    '',
    ending(report),
  ].join('\n')
}

function ending({ mode, problems, tables, expectedSeconds, committed }: CopyReport): string {
  const seconds = Math.ceil(expectedSeconds ?? 0)
  const reasons = [...rejectsByReason(tables)].map(([reason, rows]) => `${rows} rows rejected as ${reason}`)
  const rejected = reasons.length === 0 ? '' : `, with ${reasons.join(', ')}`
  if (committed) return 'Done: every row is accounted for, and the target matches the source.'
  if (problems.length > 0) return mode === 'verify-only' ? 'The databases differ.' : 'Not copied.'
  if (mode === 'dry-run') return 'Ready to copy. Run again with --execute.'
  if (mode === 'rehearse') return `Ready to copy: all rows fit and match, in ${seconds} s. Run again with --execute.`
  return `The target matches the source${rejected}.`
}

function tableLine({ table, rowsIn, added, rejects, rowsOut, source, target }: TableReport): string {
  const rejected = Object.values(rejects).reduce((sum, count) => sum + count, 0)
  const same =
    target === undefined ? '' : target.rows === source.rows && target.sum === source.sum ? 'same' : 'DIFFERENT'
  return row(table, String(rowsIn), String(added), String(rejected), String(rowsOut), same)
}

function row(name: string, ...cells: readonly string[]): string {
  return `  ${name.padEnd(16)}${cells.map((cell) => cell.padStart(12)).join('')}`.trimEnd()
}
