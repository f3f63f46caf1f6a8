/** The report of a copy: the decision first, then what to do, what is lost, the counts, and the circumstances. */

import type { DatabaseVersion } from '../tools/copy/databases/versions.ts'
import { harmfulRows, harmlessRows } from '../tools/copy/report/acceptance.ts'
import { describeLost } from '../tools/copy/report/lost.ts'
import { outcomeOf } from '../tools/copy/report/outcome.ts'
import type { CopyReport, TableReport } from '../tools/copy/report/report.ts'
import { describeCounts, isSame } from '../tools/copy/report/report.ts'
import type { EditedSettings } from './copy-settings.ts'
import { describeSettings } from './copy-settings.ts'

/** A report with the edit of the settings that lets SIPIS use the target; null if there is none. */
export interface ReportWithSettings extends CopyReport {
  readonly settings: EditedSettings | null
}

/** @param next the command to run next, if there is one */
export function describe(report: ReportWithSettings, gateway: string, next: string | undefined): string {
  const { source, target, tables, versions, seconds } = report
  const sections = [
    [`${decisionOf(report)}`, `From ${source} into ${target}.`],
    report.problems,
    next === undefined ? [] : ['Run next:', `  ${next}`, ...secretNames(next)],
    report.settings === null ? [] : describeSettings(report.settings),
    report.lost.length === 0 ? [] : ['Lost with the rows that cannot be copied:', ...report.lost.map(lostLine)],
    [headingRow(report), ...tables.map(tableLine), ...tables.flatMap(describeCounts)],
    [
      ...report.warnings.map((warning) => `Warning: ${warning}`),
      ...report.unknownTables.map(
        ({ table, rows }) =>
          `Warning: ${table} is not one of the tables that are copied; its ${rows ?? 'unknown'} rows are not copied.`,
      ),
    ],
    report.rejectsFile === undefined ? [] : [`The rejected rows are listed in ${report.rejectsFile}`],
    [
      `sipis-gateway ${gateway}; source: ${versionLine(versions.source)}; target: ${versionLine(versions.target)}`,
      `Analysing took ${duration(seconds.analysing)}, copying ${duration(seconds.copying)}, indexing ${duration(seconds.indexing)}, comparing ${duration(seconds.comparing)}.`,
    ],
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** The outcome in a line. */
export function decisionOf(report: CopyReport): string {
  const { mode, tables, problems, expectedSeconds } = report
  const rows = tables.reduce((sum, { rowsOut }) => sum + rowsOut, 0)
  const [harmful, harmless] = [harmfulRows(tables), harmlessRows(tables)]
  const left = harmful === 0 ? '' : ` ${harmful} rows that are accepted as lost are left out.`
  const unneeded = harmless === 0 ? '' : ` ${harmless} rows that SIPIS does not need are left out.`
  const time =
    expectedSeconds === null ? '' : ` It takes ${mode === 'dry-run' ? 'about ' : ''}${duration(expectedSeconds)}.`
  const how = { 'dry-run': ' Dry run: nothing is written.', rehearse: ' Rehearsal: all was done but the commit.' }
  const test = mode === 'dry-run' || mode === 'rehearse' ? how[mode] : ''
  return {
    READY: `Ready to copy ${rows} rows.${time}${left}${unneeded}${test}`,
    REFUSED: `Not ${mode === 'execute' ? 'copied' : 'ready to copy'}: ${problems.length === 1 ? 'there is a problem' : 'there are problems'}.${mode === 'dry-run' ? how[mode] : ''}`,
    COPIED: `Copied ${rows} rows: every row is accounted for, and the target matches the source.${left}${unneeded}`,
    SAME: `The target matches the source in ${rows} rows.${left}${unneeded} Nothing is written.`,
    DIFFERENT: tables.every(isSame)
      ? 'The rows are the same, but there is a problem.'
      : mode === 'verify-only'
        ? 'The databases differ.'
        : 'Not copied: the rows in the target differ from those of the source.',
  }[outcomeOf(report)]
}

function secretNames(command: string): string[] {
  const names = ['NEW', 'OLD'].filter((name) => command.includes(`"$${name}"`))
  if (names.length === 0) return []
  return [
    `  where ${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} the connection string${names.length === 1 ? '' : 's'} as given; not printed, because of its secret.`,
  ]
}

function lostLine(lost: Parameters<typeof describeLost>[0]): string {
  return `  ${describeLost(lost)}`
}

function versionLine({ postgresql, schema, encoding }: DatabaseVersion): string {
  return `PostgreSQL ${postgresql}, schema ${schema}, ${encoding}`
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

function headingRow({ tables }: CopyReport): string {
  const compared = tables.some(({ target }) => target !== undefined)
  return row('table', 'rows in', 'added', 'rejected', 'rows out', compared ? 'compared' : '')
}

function tableLine(table: TableReport): string {
  const rejected = Object.values(table.rejects).reduce((sum, count) => sum + count, 0)
  const same = table.target === undefined ? '' : isSame(table) ? 'same' : 'DIFFERENT'
  const counts = [table.rowsIn, table.added, rejected, table.rowsOut].map(String)
  return row(table.table, ...counts, same)
}

function row(name: string, ...cells: readonly string[]): string {
  return `  ${name.padEnd(16)}${cells.map((cell) => cell.padStart(12)).join('')}`.trimEnd()
}
