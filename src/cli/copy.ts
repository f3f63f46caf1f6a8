import type { Command } from 'commander'
import type { Environment } from '../config/environment.ts'
import { Problem } from '../errors/problem.ts'
import { copy } from '../tools/copy/copy.ts'
import { CopyFailure } from '../tools/copy/failure.ts'
import type { CopyOptions } from '../tools/copy/options.ts'
import { neededAcceptance, unaccepted } from '../tools/copy/report/acceptance.ts'
import { outcomeOf } from '../tools/copy/report/outcome.ts'
import type { CopyReport } from '../tools/copy/report/report.ts'
import type { CopyFlags, Names } from './copy-options.ts'
import { namesOf, optionsOf } from './copy-options.ts'
import type { Course } from './copy-progress.ts'
import { followCopy } from './copy-progress.ts'
import type { ReportWithSettings } from './copy-report.ts'
import { decisionOf, describe } from './copy-report.ts'
import type { SettingsAdvice } from './copy-settings.ts'
import { adviseSettings, writeOrWarn } from './copy-settings.ts'
import { endWithin } from './ending.ts'
import { printedName, quoted, repeatedFlags } from './next-command.ts'
import type { Output } from './output.ts'
import { openResultFile } from './result-file.ts'

/**
 * Runs the copy command and prints its report. With --json a failure is printed as JSON as well.
 *
 * @param places positional arguments: target, source
 * @param gateway version of the gateway
 * @returns whether there are no problems
 * @throws Problem if the arguments are invalid or the copy fails
 */
export async function copyCommand(
  places: readonly (string | undefined)[],
  flags: CopyFlags,
  command: Command,
  gateway: string,
  environment: Environment,
  output: Output,
): Promise<boolean> {
  const course = followCopy(output.progress)
  try {
    const names = namesOf(places, flags)
    const options = optionsOf(names, flags, environment)
    const advice = adviseSettings(names, options, flags, environment)
    const report = withSettings(await run(options, flags, course, output), advice, flags)
    const next = nextCommand(report, names, options, command)
    const json = { code: outcomeOf(report), next: next ?? null, ...report, versions: { gateway, ...report.versions } }
    output.print(flags.json === true ? JSON.stringify(json, null, 2) : describe(report, gateway, next))
    output.progress.write(`${decisionOf(report)}\n`)
    return report.committed || report.problems.length === 0
  } catch (error) {
    if (flags.json === true) output.print(JSON.stringify(failureReport(error, gateway, course), null, 2))
    throw error
  }
}

/** After a signal: longer than a copy takes to find out what became of its commit. */
const stopMs = 45_000

async function run(options: CopyOptions, flags: CopyFlags, course: Course, output: Output): Promise<CopyReport> {
  // From now on the databases decide about success, not whether a line can be printed.
  output.loseWhatFails()
  const result = await openResultFile(flags.result)
  const interrupted = new AbortController()
  void output.stopped().then(() => {
    interrupted.abort()
    endWithin(stopMs)
  })
  const say = (line: string | undefined) => line !== undefined && course.progress.say(line)
  const report = await copy(options, course.progress, interrupted.signal).catch(async (error: Error) => {
    say(await result.write(error))
    throw error
  })
  say(await result.write(report))
  return report
}

function withSettings(report: CopyReport, { warnings, edit }: SettingsAdvice, flags: CopyFlags): ReportWithSettings {
  const { backup, warning } =
    edit !== undefined && flags.writeSettings === true && report.committed ? writeOrWarn(edit) : {}
  return {
    ...report,
    warnings: [...report.warnings, ...warnings, ...(warning === undefined ? [] : [warning])],
    settings:
      edit === undefined || report.mode === 'verify-only'
        ? null
        : { file: edit.file, line: edit.line, element: edit.element, backup: backup ?? null },
  }
}

const executable: ReadonlySet<string> = new Set(['READY', 'REFUSED'])

/** The command that copies what can be copied, and accepts exactly what cannot. Undefined if there is nothing left to do. */
function nextCommand(
  report: CopyReport,
  { target, source }: Names,
  options: CopyOptions,
  command: Command,
): string | undefined {
  if (report.mode === 'verify-only' || !executable.has(outcomeOf(report))) return undefined
  // Other problems have to be solved first.
  const refused = unaccepted(report.tables, options).length
  if (outcomeOf(report) === 'REFUSED' && (refused === 0 || report.problems.length > refused + 1)) return undefined
  const needed = neededAcceptance(report.tables)
  return [
    'sipis-gateway copy',
    printedName(target.text, 'NEW'),
    printedName(source.text, 'OLD'),
    ...repeatedFlags(command),
    '--execute',
    ...(needed === undefined ? [] : [`--accept-rejects=${quoted(needed)}`]),
  ].join(' ')
}

function failureReport(error: unknown, gateway: string, { versions, seconds }: Course) {
  const known = error instanceof Problem
  return {
    code: known ? error.kind : 'INTERNAL',
    message: known ? error.message : 'An error of sipis-gateway itself: see standard error.',
    committed: false,
    ...placeOf(error),
    seconds: seconds(),
    versions: { gateway, ...versions() },
  }
}

/** Where a copy failed; null if it did not get that far. */
function placeOf(error: unknown) {
  if (!(error instanceof CopyFailure)) return { side: null, phase: null, table: null, targetState: 'unchanged' }
  const { side, phase, table, targetState } = error
  return { side: side ?? null, phase, table: table ?? null, targetState }
}
