/**
 * Mutation testing: npm run test:mutation -- --only src/auth --only src/documents --sample 200 --seed 1
 *
 * First, each test file runs once and records which mutants its code executes. Then the test files run again, fastest first, once
 * for every mutant that they execute and that no earlier file has detected.
 */
import { globSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startPostgres } from '../support/postgres.ts'
import { createTemplates, dropDatabases } from '../support/templates.ts'
import { mutantsOf } from './mutants.ts'
import { namedKeys } from './named-mutants.ts'
import { runJob } from './process.ts'
import type { Pace } from './progress.ts'
import { openPace, say } from './progress.ts'
import { report } from './report.ts'
import { sample } from './sample.ts'
import type { Coverage } from './state.ts'
import { digestOf, folder, noteLines, noteVerdict, openState, save } from './state.ts'
import { allMutantsOf, folders } from './vitest.config.ts'

const { values } = parseArgs({
  options: {
    /** Path prefixes of the files to mutate; hand-written mutants are always included. */
    only: { type: 'string', multiple: true, default: [...folders] },
    /** Path prefixes of the test files. */
    tests: { type: 'string', multiple: true, default: ['test/'] },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** Slower test files run only the hand-written mutants. */
    'max-seconds': { type: 'string', default: '6' },
    /** Number of mutants per process. */
    batch: { type: 'string', default: '40' },
    workers: { type: 'string', default: '2' },
    /** Ignores the results of earlier runs. */
    fresh: { type: 'boolean', default: false },
  },
})

/** These run the code in other processes, or need the whole machine. */
const unfit = new RegExp(
  '^test/(mutation|bench|changes|cli|console|consumers|faults|readme|tools' +
    '|http/(fuzz|graphql-cop|graphql/graphiql|traffic/overload|websocket/(fuzz|pages)))',
)

/** Modules that keep computed values, or whose tests do. They are loaded again for each mutant, so that values do not leak. */
const keeping = [
  'src/auth/refused-fields.ts',
  'src/documents/arguments.ts',
  'src/documents/cost.ts',
  'src/documents/introspection-cost.ts',
  'src/loaders/loaders.ts',
]

const sources = globSync('src/**/*.ts').sort()
// Fails immediately if a hand-written fault no longer matches its file.
for (const file of sources) allMutantsOf(file, readFileSync(file, 'utf8'))
const generated = sources
  .filter((file) => values.only.some((start) => file.startsWith(start)) && !file.endsWith('.d.ts'))
  .flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')).map(({ key }) => key))
const keys = [
  ...namedKeys,
  ...(values.sample === undefined ? generated : sample(generated, Number(values.sample), Number(values.seed))),
]
const testFiles = globSync('test/**/*.test.ts')
  .filter((file) => !unfit.test(file) && values.tests.some((start) => file.startsWith(start)))
  .sort()
const state = openState(values.fresh)
say(`${keys.length} mutants, ${testFiles.length} test files`)

const server = await startPostgres()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const run = 'mutation'
await dropDatabases(server.url, run)
await createTemplates(server.url, run)
const base = { serverUrl: server.url, run }
let jobs = 0
try {
  const unknown = testFiles.filter((testFile) => state.coverage.every((known) => known.testFile !== testFile))
  if (unknown.length > 0) say(`${unknown.length} test files run once, to see which mutants they pass`)
  await inParallel(unknown, cover)
  const fit = state.coverage.filter(({ testFile }) => testFiles.includes(testFile)).sort((a, b) => a.ms - b.ms)
  const pace = openPace()
  for (const [index, coverage] of fit.entries()) await judge(coverage, fit.slice(index + 1), pace)
} finally {
  await dropDatabases(server.url, run)
  await server.stop()
}
const parts = folders.filter((part) => values.only.some((start) => start.startsWith(part) || part.startsWith(start)))
if (!report(parts, keys, state)) process.exitCode = 1

async function cover(testFile: string): Promise<void> {
  const digest = digestOf(testFile)
  const lines = await runJob(
    { ...base, testFile, mutants: [], results: results() },
    { testMs: 60_000, silenceMs: 180_000 },
  )
  const found = lines.find((line) => line.type === 'coverage')
  if (found === undefined || found.failure !== null) {
    say(`${testFile} fails without a mutant and is left out: ${found?.failure ?? 'no result'}`)
    return
  }
  const { loaded, ran, ms } = found
  state.coverage.push({ testFile, digest, loaded, ran, ms })
  save(state)
  say(`${testFile} takes ${ms} ms and passes ${new Set([...loaded, ...ran]).size} mutants`)
}

/** The mutants that a test file still has to run. */
function toJudge({ testFile, loaded, ran, ms }: Coverage): readonly string[] {
  const passed = new Set([...loaded, ...ran])
  const isSlow = ms > Number(values['max-seconds']) * 1000
  return (isSlow ? namedKeys : keys).filter((key) => {
    const known = state.judged[key]
    return passed.has(key) && (known === undefined || (known.verdict === 'survived' && !known.by.includes(testFile)))
  })
}

async function judge(coverage: Coverage, later: readonly Coverage[], pace: Pace): Promise<void> {
  const { testFile, loaded, ms } = coverage
  const atLoading = new Set(loaded)
  const alive = toJudge(coverage)
  if (alive.length === 0) return
  const size = Math.min(Number(values.batch), Math.ceil(alive.length / Number(values.workers)))
  const batches: string[][] = []
  for (let at = 0; at < alive.length; at += size) batches.push(alive.slice(at, at + size))
  let done = 0
  await inParallel(batches, async (batch) => {
    await judgeBatch(batch, coverage, atLoading)
    done += batch.length
    pace.add(batch.length * workOf(coverage))
    const rest = [coverage, ...later].reduce((sum, one) => sum + toJudge(one).length * workOf(one), 0)
    say(`${testFile} (${ms} ms): ${done} of ${alive.length} mutants, ${pace.left(rest)}`)
  })
  const left = alive.filter((key) => state.judged[key]?.verdict === 'survived').length
  say(`${testFile}: ${alive.length} mutants, ${alive.length - left} noticed`)
}

async function judgeBatch(batch: readonly string[], { testFile, ms }: Coverage, atLoading: ReadonlySet<string>) {
  let rest = batch
  while (rest.length > 0) {
    const mutants = rest.map((key) => ({ key, static: atLoading.has(key) || isKept(key) }))
    const patience = { testMs: Math.max(6_000, ms), silenceMs: 30_000 + 5 * ms }
    const lines = await runJob({ ...base, testFile, mutants, results: results() }, patience)
    const done = new Set(noteLines(state, testFile, lines))
    const begun = lines.flatMap((line) => (line.type === 'begin' && !done.has(line.key) ? [line.key] : []))
    // If no mutant was started, the modules failed to load, and the first mutant is the cause.
    const hung = begun[0] ?? rest.find((key) => !done.has(key))
    if (hung !== undefined) {
      noteVerdict(state, hung, testFile, 'timeout')
      done.add(hung)
    }
    rest = rest.filter((key) => !done.has(key))
    save(state)
  }
}

function isKept(key: string): boolean {
  return keeping.some((file) => key.startsWith(`${file} `))
}

/** Includes time to load the test file. */
function workOf({ ms }: Coverage): number {
  return ms + 200
}

function results(): string {
  return `${folder}/job-${process.pid}-${++jobs}.jsonl`
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: Number(values.workers) }, worker))
}
