/**
 * How fast a v1 database is copied, beside psql piped into psql for the same rows: with the indexes of the target in place, and with the
 * secondary ones created after the rows.
 *
 *   npm run bench:copy [-- --selectors 125000]
 *
 * 125,000 selectors are 5 million rows. Needs psql. All copy the same SELECTs into tables that have the same indexes in the end, in turn,
 * on one server; the ratios to the faster psql are what counts.
 */
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import type { Seconds } from '../../src/tools/copy/phase.ts'
import { copiedTables, copyPlan } from '../../src/tools/copy/plan/plan.ts'
import { statementsOf } from '../../src/tools/copy/plan/statements.ts'
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
    const inPlace = await intoEmpty(psql)
    const after = await intoEmpty(psqlThenIndexes)
    const own = await intoEmpty(gateway)
    const ratio = (seconds: number) => (Math.min(inPlace, after) / seconds).toFixed(2)
    const writing = own.copying + own.indexing
    const all = writing + own.analysing + own.comparing
    say(
      `round ${round}: psql | psql ${inPlace.toFixed(1)} s, with indexes made after ${after.toFixed(1)} s; copy and indexes ${writing.toFixed(1)} s, ` +
        `ratio ${ratio(writing)}; with verification ${all.toFixed(1)} s, ratio ${ratio(all)} ` +
        `(analysing ${own.analysing.toFixed(1)}, copying ${own.copying.toFixed(1)}, indexing ${own.indexing.toFixed(1)}, comparing ${own.comparing.toFixed(1)}); peak memory ${own.megabytes} MB`,
    )
  }
} finally {
  await postgres.stop()
}

/** Fills a new target, and drops it: all of them together would need the memory of a large machine. */
async function intoEmpty<T>(fill: (target: string) => Promise<T>): Promise<T> {
  const name = 'bench_target'
  await asAdmin(postgres.url, (admin) => createDatabase(admin, name, 'UTF8'))
  const url = urlOf(postgres.url, name)
  await run(['init', '--schema', 'v2', '--database-url', url])
  const result = await fill(url)
  await asAdmin(postgres.url, (admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`))
  return result
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

/** What an experienced administrator would do. */
async function psqlThenIndexes(target: string): Promise<number> {
  const ask = (statement: string) => execFileSync('psql', ['-XAtqc', statement, target], { encoding: 'utf8' })
  const secondary = `FROM pg_index x WHERE NOT x.indisunique AND x.indrelid::regclass::text = ANY ('{${copiedTables.join(',')}}')`
  const started = performance.now()
  const definitions = ask(`SELECT pg_get_indexdef(x.indexrelid) || ';' ${secondary}`)
  ask(ask(`SELECT 'DROP INDEX ' || x.indexrelid::regclass || ';' ${secondary}`))
  await psql(target)
  ask(`SET maintenance_work_mem = '256MB'; ${definitions}`)
  return (performance.now() - started) / 1000
}

async function gateway(target: string): Promise<Seconds & { megabytes: number }> {
  const { code, stdout, stderr } = await run(['copy', target, source, '--execute', '--json'], {
    NODE_OPTIONS: '--import=./test/bench/peak-memory.ts',
  })
  if (code !== 0) throw new Error(stderr)
  const [, megabytes] = /peak memory (\d+) MB/.exec(stderr) ?? []
  return { ...JSON.parse(stdout).seconds, megabytes: Number(megabytes) }
}
