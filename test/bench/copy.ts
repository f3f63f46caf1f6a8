/**
 * How fast a v1 database is copied, beside psql piped into psql for the same rows.
 *
 *   npm run bench:copy [-- --selectors 125000]
 *
 * 125,000 selectors are 5 million rows. Needs psql. Both copy the same SELECTs into tables with the same indexes, in turn,
 * on one server; the ratios are what counts.
 */
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { copyPlan } from '../../src/tools/copy/plan.ts'
import { statementsOf } from '../../src/tools/copy/statements.ts'
import { run } from '../support/command.ts'
import { startPostgres } from '../support/postgres.ts'
import { asAdmin, createDatabase, urlOf } from '../support/templates.ts'

const { values } = parseArgs({
  options: { selectors: { type: 'string', default: '125000' }, rounds: { type: 'string', default: '3' } },
})
const say = (line: string) => process.stdout.write(`${line}\n`)
const postgres = await startPostgres()
const source = urlOf(postgres.url, 'bench_source')

try {
  await asAdmin(postgres.url, (admin) => createDatabase(admin, 'bench_source', 'UTF8'))
  await run(['init', '--schema', 'v1', '--database-url', source])
  say((await run(['seed', '--selectors', values.selectors, '--database-url', source])).stdout.trim())
  for (let round = 1; round <= Number(values.rounds); round++) {
    const piped = await psql(await emptyTarget(`bench_psql_${round}`))
    const own = await gateway(await emptyTarget(`bench_copy_${round}`))
    const ratio = (seconds: number) => (piped / seconds).toFixed(2)
    const all = own.analysing + own.copying + own.comparing
    say(
      `round ${round}: psql | psql ${piped.toFixed(1)} s; copying alone ${own.copying.toFixed(1)} s, ratio ${ratio(own.copying)}; ` +
        `with verification ${all.toFixed(1)} s, ratio ${ratio(all)}; peak memory ${own.megabytes} MB`,
    )
  }
} finally {
  await postgres.stop()
}

async function emptyTarget(name: string): Promise<string> {
  await asAdmin(postgres.url, (admin) => createDatabase(admin, name, 'UTF8'))
  const url = urlOf(postgres.url, name)
  await run(['init', '--schema', 'v2', '--database-url', url])
  return url
}

async function psql(target: string): Promise<number> {
  const conversion = { sourceEncoding: 'UTF8', targetEncoding: 'UTF8', invalidBytes: 'reject' } as const
  const started = performance.now()
  for (const table of copyPlan({ encoding: 'UTF8', missedReason: 'Missed', schemas: new Map(), used: new Map() })) {
    const statements = statementsOf(table, { limits: new Map(), uniqueKeys: [] }, conversion)
    const out = `COPY (${statements.accepted({ keys: [], rowids: false }, false)}) TO STDOUT`
    const into = `COPY ${table.name} (${statements.columns.join(', ')}) FROM STDIN`
    const environment = { ...process.env, OUT: out.replaceAll('\n', ' '), INTO: into, SOURCE: source, TARGET: target }
    execFileSync('bash', ['-o', 'pipefail', '-c', 'psql -Xqc "$OUT" "$SOURCE" | psql -Xqc "$INTO" "$TARGET"'], {
      env: environment,
    })
  }
  return (performance.now() - started) / 1000
}

async function gateway(
  target: string,
): Promise<{ analysing: number; copying: number; comparing: number; megabytes: number }> {
  const { code, stdout, stderr } = await run(['copy', target, source, '--execute', '--json'], {
    NODE_OPTIONS: '--import=./test/bench/peak-memory.ts',
  })
  if (code !== 0) throw new Error(stderr)
  const [, megabytes] = /peak memory (\d+) MB/.exec(stderr) ?? []
  return { ...JSON.parse(stdout).seconds, megabytes: Number(megabytes) }
}
