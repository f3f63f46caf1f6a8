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
import { dropDatabases, makeDatabase, postmaster } from './databases.ts'
import type { Schema } from './dialects/dialect.ts'
import { circumstances, writeDocument } from './document.ts'
import { compareNeighbours, compareSizes, firstAnswers } from './further.ts'
import { startLoad } from './load-process.ts'
import type { Meter } from './measure.ts'
import type { Options } from './options.ts'
import { help, readOptions } from './options.ts'
import { preparePeers } from './peers.ts'
import { queries } from './queries.ts'
import { questionsOf } from './questions.ts'
import type { Cell, Results } from './report.ts'
import { report } from './report.ts'
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

/** CPU time of some queries, with one number of callers and the last schema. */
async function compareCpu(options: Options, chosen: Contender[], server: string, meter: Meter): Promise<string> {
  const { arena } = await open(options, chosen, server, options.schemas.at(-1) ?? 'v2')
  await using _ = arena
  const { rounds, seconds, warmUp, connections } = options
  const turns = { connections: connections.includes(8) ? 8 : Math.min(...connections), rounds, seconds, warmUp }
  const tables: string[] = []
  for (const query of queries.filter(({ label }) => options.cpuOf.includes(label)))
    tables.push(cpuTable(query, await playRounds(meter, arena.entrants, { ...turns, query: query.name })))
  return tables.join('\n\n')
}

async function measureAll(options: Options, chosen: Contender[], server: string, meter: Meter): Promise<Results> {
  const { connections } = options
  const usualConnections = connections.includes(8) ? 8 : Math.min(...connections)
  const cells: Cell[] = []
  const last = options.schemas.at(-1) ?? 'v2'
  let further: Omit<Results, 'contenders' | 'cells' | 'schema' | 'usualConnections'> | undefined
  for (const schema of options.schemas) {
    const { url, arena } = await open(options, chosen, server, schema)
    await using _ = arena
    cells.push(...(await measureQueries(options, arena, schema, usualConnections, meter)))
    if (schema === last)
      further = await measureFurther(options, chosen, { server, schema, url, arena }, meter, usualConnections)
  }
  if (further === undefined) throw new Error('There is no schema to measure.')
  return { contenders: chosen, cells, schema: last, usualConnections, ...further }
}

async function open(options: Options, chosen: Contender[], server: string, schema: Schema) {
  const { selectors, calls } = options
  const url = await makeDatabase(server, schema, schema, { selectors, calls, whole: true })
  say(`${schema} is seeded`)
  const arena = await openArena({ contenders: chosen, schema, url, selectors, queries })
  say(`${schema}: all contenders give the same answers`)
  return { url, arena }
}

async function measureQueries(
  { connections, rounds, seconds, warmUp }: Options,
  arena: Arena,
  schema: Schema,
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
      cells.push({ schema, query, connections: count, samples })
      say(`${schema}: ${query.label} with ${count} callers is measured`)
    }
  }
  return cells
}

interface Place {
  readonly server: string
  readonly schema: Schema
  readonly url: string
  readonly arena: Arena
}

async function measureFurther(
  options: Options,
  chosen: Contender[],
  { server, schema, url, arena }: Place,
  meter: Meter,
  connections: number,
) {
  const turns = { connections, rounds: options.rounds, seconds: options.seconds, warmUp: options.warmUp }
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
  const sizes = await compareSizes(meter, arena, tenfold, turns)
  return { neighbours, sizes, firstAnswers: starts }
}
