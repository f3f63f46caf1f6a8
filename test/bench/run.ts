/**
 * Compares the gateway with other servers on the same queries and database: see docs/performance.md.
 *
 *   npm run bench [-- --help]
 */
import { execFileSync } from 'node:child_process'
import { startPostgres } from '../support/postgres.ts'
import type { Arena } from './arena.ts'
import { openArena } from './arena.ts'
import type { Contender } from './contenders.ts'
import { contenders, contendersBeside } from './contenders.ts'
import { cpuTable } from './cpu-table.ts'
import type { DatabaseName } from './databases.ts'
import { databases, dropDatabases, makeDatabase, postmaster } from './databases.ts'
import { circumstances, writeDocument } from './document.ts'
import { compareArenas, compareNeighbours, firstAnswers } from './further.ts'
import { startLoad } from './load-process.ts'
import type { Meter } from './measure.ts'
import type { Options } from './options.ts'
import { help, readOptions } from './options.ts'
import { preparePeers } from './peers.ts'
import { queries } from './queries.ts'
import { questionsOf } from './questions.ts'
import type { Cell, Comparison, Results } from './report.ts'
import { report } from './report.ts'
import type { Turns } from './rounds.ts'
import { playRounds } from './rounds.ts'

const started = performance.now()
const print = (text: string) => process.stdout.write(`${text}\n`)
const say = (text: string) => process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s: ${text}\n`)

const options = readOptions(process.argv.slice(2))
if (options === undefined) print(help)
else await bench(options)

async function bench(options: Options): Promise<void> {
  preparePeers()
  // Processes that are started later inherit it.
  if (options.cpus !== '') execFileSync('taskset', ['-acp', options.cpus, String(process.pid)])
  const chosen = choose(options)
  const server = await startPostgres()
  try {
    await dropDatabases(server.url)
    using load = startLoad()
    const { pid, version } = await postmaster(server.url)
    const meter = { load, postmaster: pid }
    if (options.cpuOf.length > 0) return void print(await compareCpu(options, chosen, server.url, meter))
    const results = await measureAll(options, chosen, server.url, meter)
    const text = `${circumstances(options, chosen, version)}\n\n${report(results)}`
    print(text)
    if (options.write) writeDocument(text)
  } finally {
    await dropDatabases(server.url).finally(() => server.stop())
  }
}

function choose({ contenders: parts, beside }: Options): Contender[] {
  const isChosen = (name: string) => parts.length === 0 || parts.some((part) => name.includes(part))
  const chosen = contenders.filter(({ name }, index) => index === 0 || isChosen(name))
  return beside === '' ? chosen : [...chosen, ...contendersBeside(beside)]
}

/** CPU time of some queries, with one number of callers and the last database. */
async function compareCpu(options: Options, chosen: Contender[], server: string, meter: Meter): Promise<string> {
  const { arena } = await open(options, chosen, server, options.databases.at(-1) ?? 'v2')
  await using _ = arena
  const { rounds, seconds, warmUp, connections } = options
  const turns = { connections: connections.includes(8) ? 8 : Math.min(...connections), rounds, seconds, warmUp }
  const tables: string[] = []
  for (const query of queries.filter(({ label }) => options.cpuOf.includes(label)))
    tables.push(cpuTable(query, await playRounds(meter, arena.entrants, { ...turns, query: query.name })))
  return tables.join('\n\n')
}

interface Opened {
  readonly name: DatabaseName
  readonly url: string
}

async function measureAll(options: Options, chosen: Contender[], server: string, meter: Meter): Promise<Results> {
  const { connections } = options
  const usualConnections = connections.includes(8) ? 8 : Math.min(...connections)
  const cells: Cell[] = []
  const earlier: Opened[] = []
  let further: Omit<Results, 'contenders' | 'cells' | 'database' | 'usualConnections'> | undefined
  const last = options.databases.at(-1) ?? 'v2'
  for (const name of options.databases) {
    const { url, arena } = await open(options, chosen, server, name)
    await using _ = arena
    cells.push(...(await measureQueries(options, arena, name, usualConnections, meter)))
    if (name !== last) earlier.push({ name, url })
    else further = await measureFurther(options, chosen, { server, name, url, arena, earlier }, meter, usualConnections)
  }
  if (further === undefined) throw new Error('There is no database to measure.')
  return { contenders: chosen, cells, database: last, usualConnections, ...further }
}

async function open(options: Options, chosen: Contender[], server: string, name: DatabaseName) {
  const { selectors, calls } = options
  const { schema, advised } = databases[name]
  const url = await makeDatabase(server, name, schema, { selectors, calls, whole: true, advised })
  say(`${name} is seeded`)
  const arena = await openArena({ contenders: chosen, schema, url, selectors, queries })
  say(`${name}: all contenders give the same answers`)
  return { url, arena }
}

async function measureQueries(
  { connections, rounds, seconds, warmUp }: Options,
  arena: Arena,
  database: DatabaseName,
  usual: number,
  meter: Meter,
): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const query of queries) {
    for (const count of query.thorough ? connections : [usual]) {
      const samples = await playRounds(meter, arena.entrants, {
        query: query.name,
        connections: count,
        rounds,
        seconds,
        warmUp,
      })
      cells.push({ database, query, connections: count, samples })
      say(`${database}: ${query.label} with ${count} callers is measured`)
    }
  }
  return cells
}

interface Place extends Opened {
  readonly server: string
  readonly arena: Arena
  /** The databases before this one. */
  readonly earlier: readonly Opened[]
}

async function measureFurther(
  options: Options,
  chosen: Contender[],
  { server, name, url, arena, earlier }: Place,
  meter: Meter,
  connections: number,
) {
  const { schema } = databases[name]
  const turns = { connections, rounds: options.rounds, seconds: options.seconds, warmUp: options.warmUp }
  const comparisons: Comparison[] = []
  for (const other of earlier)
    comparisons.push(...(await compareDatabases(options, chosen, other, arena, meter, turns)))
  const neighbours = await compareNeighbours(meter, arena, turns)
  say('a slow neighbour is measured')
  const history = queries.filter(({ name }) => name === 'history')
  const [question] = history.flatMap((query) => questionsOf(query, { selectors: options.selectors, callers: [] }))
  if (question === undefined) throw new Error('There is no question.')
  const starts = await firstAnswers(chosen, schema, url, question, 3)
  say('starts are measured')
  const selectors = options.selectors * 10
  const large = await makeDatabase(server, 'large', schema, { selectors, calls: options.calls, whole: false })
  say('ten times the rows are seeded')
  await using tenfold = await openArena({ contenders: chosen, schema, url: large, selectors, queries: history })
  // The other contenders are warmed up by now.
  await playRounds(meter, tenfold.entrants, { ...turns, query: 'history', rounds: 0, warmUp: 3 * options.warmUp })
  const sizes = await compareArenas(meter, arena, tenfold, { ...turns, query: 'history' })
  return { comparisons, neighbours, sizes, firstAnswers: starts }
}

/** Q1 and Q2 of the gateway and of the server by hand over another database, in turn with the one that is open. */
async function compareDatabases(
  { selectors }: Options,
  chosen: readonly Contender[],
  { name, url }: Opened,
  arena: Arena,
  meter: Meter,
  turns: Omit<Turns, 'query'>,
): Promise<Comparison[]> {
  const contenders = chosen.filter((contender, index) => index === 0 || contender.name === 'by hand')
  const compared = queries.filter(({ thorough }) => thorough === true)
  await using other = await openArena({ contenders, schema: databases[name].schema, url, selectors, queries: compared })
  const comparisons: Comparison[] = []
  for (const query of compared) {
    await playRounds(meter, other.entrants, { ...turns, query: query.name, rounds: 0 })
    const pairs = await compareArenas(meter, arena, other, { ...turns, query: query.name })
    comparisons.push({ database: name, query, pairs })
    say(`${name}: ${query.label} is compared`)
  }
  return comparisons
}
