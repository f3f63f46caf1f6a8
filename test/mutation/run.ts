/**
 * Mutation testing: npm run test:mutation -- --only src/auth --sample 200 --seed 1
 *
 * First each test file runs once and notes which mutants its code passes. Then the test files run again from the fastest to the
 * slowest, each once for every mutant that it passes and that no earlier file has noticed.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startPostgres } from '../support/postgres.ts'
import { createTemplates, dropDatabases } from '../support/templates.ts'
import type { Line } from './job.ts'
import { mutantsOf } from './mutants.ts'
import { runJob } from './process.ts'
import { folders } from './vitest.config.ts'

const { values } = parseArgs({
  options: {
    /** Mutants of these files only, by the beginning of the path. */
    only: { type: 'string', multiple: true, default: [...folders] },
    /** Test files, by the beginning of the path. */
    tests: { type: 'string', multiple: true, default: ['test/'] },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** Test files that take longer than this judge no mutants. */
    'max-seconds': { type: 'string', default: '6' },
    /** Mutants of one process. */
    batch: { type: 'string', default: '40' },
    workers: { type: 'string', default: '2' },
    /** Forgets what earlier runs have found. */
    fresh: { type: 'boolean', default: false },
  },
})

type Verdict = 'killed' | 'timeout' | 'survived'
interface Coverage {
  readonly testFile: string
  readonly loaded: readonly string[]
  readonly ran: readonly string[]
  readonly ms: number
}
interface State {
  coverage: Coverage[]
  /** By key: which test files have run with the mutant, and what the last one found. */
  judged: Record<string, { verdict: Verdict; by: string[] }>
}

/** Other processes run the code there, or the tests need the whole machine. */
const unfit = /^test\/(mutation|bench|cli|copy|readme|server\/(fuzz|overload|graphiql|graphql-cop))/
const folder = 'node_modules/.cache/mutation'
const stateFile = `${folder}/state.json`
mkdirSync(folder, { recursive: true })

const state: State = { coverage: [], judged: {} }
if (!values.fresh) {
  try {
    Object.assign(state, JSON.parse(readFileSync(stateFile, 'utf8')))
  } catch {
    // The first run.
  }
}
const save = () => writeFileSync(stateFile, JSON.stringify(state))
const started = performance.now()
const say = (text: string) => {
  const seconds = Math.round((performance.now() - started) / 1000)
  process.stdout.write(`[${seconds} s] ${text}\n`)
}

const keys = sample(
  globSync('src/**/*.ts')
    .filter((file) => values.only.some((start) => file.startsWith(start)) && !file.endsWith('.d.ts'))
    .sort()
    .flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')).map(({ key }) => key)),
)
const testFiles = globSync('test/**/*.test.ts')
  .filter((file) => !unfit.test(file) && values.tests.some((start) => file.startsWith(start)))
  .sort()
say(`${keys.length} mutants, ${testFiles.length} test files`)

const server = await startPostgres()
const run = 'mutation'
await dropDatabases(server.url, run)
await createTemplates(server.url, run)
const base = { serverUrl: server.url, run }
let jobs = 0
try {
  await inParallel(
    testFiles.filter((testFile) => state.coverage.every((known) => known.testFile !== testFile)),
    cover,
  )
  const fit = state.coverage
    .filter(({ testFile, ms }) => testFiles.includes(testFile) && ms <= Number(values['max-seconds']) * 1000)
    .sort((a, b) => a.ms - b.ms)
  for (const coverage of fit) await judge(coverage)
} finally {
  await dropDatabases(server.url, run)
  await server.stop()
}
report()

async function cover(testFile: string): Promise<void> {
  const lines = await runJob({ ...base, testFile, mutants: [], results: results() }, 180_000)
  const found = lines.find((line) => line.type === 'coverage')
  if (found === undefined || found.failure !== null) {
    say(`${testFile} fails without a mutant and is left out: ${found?.failure ?? 'no result'}`)
    return
  }
  const { loaded, ran, ms } = found
  state.coverage.push({ testFile, loaded, ran, ms })
  save()
  say(`${testFile} takes ${ms} ms and passes ${new Set([...loaded, ...ran]).size} mutants`)
}

async function judge({ testFile, loaded, ran, ms }: Coverage): Promise<void> {
  const atLoading = new Set(loaded)
  const passed = new Set([...loaded, ...ran])
  const alive = keys.filter((key) => {
    const known = state.judged[key]
    return passed.has(key) && (known === undefined || (known.verdict === 'survived' && !known.by.includes(testFile)))
  })
  if (alive.length === 0) return
  const size = Math.min(Number(values.batch), Math.ceil(alive.length / Number(values.workers)))
  const batches: string[][] = []
  for (let at = 0; at < alive.length; at += size) batches.push(alive.slice(at, at + size))
  await inParallel(batches, async (batch) => {
    let rest = batch
    while (rest.length > 0) {
      const mutants = rest.map((key) => ({ key, static: atLoading.has(key) }))
      const lines = await runJob({ ...base, testFile, mutants, results: results() }, 45_000 + 5 * ms)
      const done = new Set(lines.flatMap((line) => note(line, testFile)))
      const begun = lines.flatMap((line) => (line.type === 'begin' && !done.has(line.key) ? [line.key] : []))
      // With nothing begun the modules do not load: the first is to blame.
      const hung = begun[0] ?? rest.find((key) => !done.has(key))
      if (hung !== undefined) {
        state.judged[hung] = { verdict: 'timeout', by: [testFile] }
        done.add(hung)
      }
      rest = rest.filter((key) => !done.has(key))
      save()
    }
  })
  const left = alive.filter((key) => state.judged[key]?.verdict === 'survived').length
  say(`${testFile}: ${alive.length} mutants, ${alive.length - left} noticed`)
}

function note(line: Line, testFile: string): string[] {
  if (line.type !== 'end') return []
  const by = [...(state.judged[line.key]?.by ?? []), testFile]
  state.judged[line.key] = { verdict: line.failure === null ? 'survived' : 'killed', by }
  return [line.key]
}

function report(): void {
  for (const part of folders.filter((start) => keys.some((key) => key.startsWith(start)))) {
    const own = keys.filter((key) => key.startsWith(part))
    const alive = own.filter((key) => (state.judged[key]?.verdict ?? 'survived') === 'survived')
    const score = ((100 * (own.length - alive.length)) / own.length).toFixed(1)
    process.stdout.write(`\n${part} ${own.length} mutants, ${alive.length} survive: ${score} % noticed\n`)
    for (const key of alive)
      process.stdout.write(`  ${state.judged[key] === undefined ? 'not run' : 'survives'}: ${key}\n`)
  }
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

/** The same for the same seed: those whose hash comes first. */
function sample(all: readonly string[]): readonly string[] {
  if (values.sample === undefined) return all
  const rank = (key: string) => {
    let hash = Number(values.seed)
    for (const character of key) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0
  }
  return all.toSorted((a, b) => rank(a) - rank(b)).slice(0, Number(values.sample))
}
