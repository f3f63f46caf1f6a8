import type { DatabaseFlags } from '../config/database-target.ts'
import { requireDatabase } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import { orProblem } from '../database/connect-problem.ts'
import { openPool } from '../database/pool.ts'
import { describeDuplicates } from '../sipis/duplicates.ts'
import type { Report } from '../tools/check/report.ts'
import { examine } from '../tools/check/report.ts'
import { harmlessRows } from '../tools/copy/report/acceptance.ts'
import type { CopyPreview } from '../tools/copy/report/preview.ts'
import { describeCounts } from '../tools/copy/report/report.ts'
import type { Output } from './output.ts'

export interface CheckFlags extends DatabaseFlags {
  readonly json?: boolean | undefined
}

/** @returns whether there are findings: advice, duplicates, or rows that a migration would reject */
export async function check(flags: CheckFlags, environment: Environment, output: Output): Promise<boolean> {
  const { connection, label } = requireDatabase(flags, environment)
  const database = openPool({
    connection,
    applicationName: 'sipis-gateway check',
    maxConnections: 1,
    connectTimeoutMs: 10_000,
    // Counts whole tables.
    statementTimeoutMs: 600_000,
  })
  try {
    const onTable = (table: string) => output.progress.write(`Scanning ${table} …\n`)
    const report = await orProblem(label, () => examine(database, label, onTable))
    output.print(flags.json === true ? JSON.stringify(report, null, 2) : describe(report))
    return report.advice.length > 0 || report.duplicates.length > 0 || holdsUp(report.migration)
  } finally {
    await database.close()
  }
}

/** A role that serves need not read what only a copy reads, so tables that it may not read are said, but no advice. */
function holdsUp(migration: CopyPreview | null): boolean {
  return migration !== null && (migration.possible === false || migration.uncounted.length > 0)
}

function describe(report: Report): string {
  const { role } = report
  const may = role.superuser ? 'a superuser' : role.mayWrite ? 'may write' : 'may only read'
  return [
    `${report.target}: schema ${report.schemaVersion.toLowerCase()}, PostgreSQL ${report.serverVersion}, ${report.encoding}`,
    `Time zone ${report.timeZone}; role ${role.name} (${may})`,
    '',
    ...report.tables.map(
      ({ name, rows, bytes }) =>
        `  ${name.padEnd(16)} ${(rows === null ? 'not analyzed' : `about ${rows} rows`).padStart(22)} ${megabytes(bytes).padStart(12)}`,
    ),
    '',
    ...(report.advice.length === 0 ? ['No advice for serving.'] : ['Advice for serving:']),
    ...report.advice.flatMap(({ reason, statement }) => [`  ${reason}`, `    ${statement}`]),
    ...(report.duplicates.length === 0 ? [] : ['', 'Duplicates that the gateway does not expect:']),
    ...report.duplicates.map((found) => `  ${describeDuplicates(found)}`),
    ...(report.migration === null ? [] : describeMigration(report.migration)),
  ].join('\n')
}

function describeMigration({ possible, refusals, tables, warnings, uncounted, unreadable }: CopyPreview): string[] {
  const lines = [
    ...refusals.map((refusal) => `  ${refusal}`),
    ...tables.flatMap(describeCounts),
    ...uncounted.map(({ what, why }) => `  ${what}: not counted: ${why === 'timeout' ? 'it takes too long' : why}`),
    ...unreadable.map((table) => `  ${table}: not counted: the role may not read it`),
    ...warnings.map((warning) => `  ${warning}`),
  ]
  const heading = {
    true: `Every row ${harmlessRows(tables) === 0 ? '' : 'that SIPIS needs '}can be migrated to v2.`,
    false: 'Not every row can be migrated to v2:',
    null: 'Whether every row can be migrated to v2 is not known:',
  }
  return ['', heading[`${possible}`], ...lines]
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}
