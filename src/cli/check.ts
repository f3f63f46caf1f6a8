import type { Report } from '../check/report.ts'
import { examine } from '../check/report.ts'
import type { DatabaseFlags, Environment } from '../config.ts'
import { requireDatabase } from '../config.ts'
import { orProblem } from '../database/connect-problem.ts'
import { openPool } from '../database/pool.ts'
import { describeDuplicates } from '../versions/duplicates.ts'
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
    return [report.advice, report.duplicates, report.migrationTroubles].some((found) => found.length > 0)
  } finally {
    await database.close()
  }
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
    ...(report.schemaVersion === 'V1' ? migration(report) : []),
  ].join('\n')
}

function migration({ migrationTroubles }: Report): string[] {
  if (migrationTroubles.length === 0) return ['', 'Every row can be migrated to v2.']
  return [
    '',
    'Rows that a migration to v2 cannot copy as they are:',
    ...migrationTroubles.map(
      ({ table, reason, rows }) => `  ${table.padEnd(16)} ${String(rows).padStart(9)}  ${reason}`,
    ),
  ]
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}
