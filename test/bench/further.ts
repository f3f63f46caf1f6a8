/** Measurements besides the queries: table size, a slow neighbour, start time. */
import type { Arena, Entrant } from './arena.ts'
import type { Contender } from './contenders.ts'
import type { QueryName, Question, Schema } from './dialects/dialect.ts'
import { startLoad } from './load-process.ts'
import type { Meter, Sample } from './measure.ts'
import { measure } from './measure.ts'
import { median } from './median.ts'
import type { Turns } from './rounds.ts'
import { startRunner } from './runner.ts'

export interface Pair {
  readonly plain: readonly Sample[]
  readonly changed: readonly Sample[]
}

export type Pairs = ReadonlyMap<string, Pair>

/** Runs a query over two databases in turn, with the contenders that both have. */
export async function compareArenas(meter: Meter, plain: Arena, changed: Arena, turns: Turns): Promise<Pairs> {
  const { query, connections } = turns
  const inOther = new Map(changed.entrants.map((entrant) => [entrant.runner.name, entrant]))
  return inPairs(plain.entrants, turns, async (entrant, seconds) => {
    const other = inOther.get(entrant.runner.name)
    return other === undefined
      ? undefined
      : {
          plain: await ask(meter, entrant, query, connections, seconds),
          changed: await ask(meter, other, query, connections, seconds),
        }
  })
}

/** Runs Q1 alone, and while one caller repeats Q4. */
export async function compareNeighbours(
  meter: Meter,
  { entrants }: Arena,
  turns: Omit<Turns, 'query'>,
): Promise<Pairs> {
  using neighbour = startLoad()
  return await inPairs(entrants, turns, async (entrant, seconds) => {
    const slow = entrant.jobs.get('caller')
    if (slow === undefined) return undefined
    const plain = await ask(meter, entrant, 'history', turns.connections, seconds)
    const [changed] = await Promise.all([
      ask(meter, entrant, 'history', turns.connections, seconds),
      neighbour.run({ ...slow, connections: 1, seconds }),
    ])
    return { plain, changed }
  })
}

async function ask(meter: Meter, { runner, jobs }: Entrant, query: QueryName, connections: number, seconds: number) {
  const job = jobs.get(query)
  if (job === undefined) throw new Error(`${runner.name} is not asked ${query}.`)
  return measure(meter, runner, { ...job, connections, seconds })
}

async function inPairs(
  entrants: readonly Entrant[],
  { rounds, seconds }: Omit<Turns, 'query'>,
  turn: (entrant: Entrant, seconds: number) => Promise<{ plain: Sample; changed: Sample } | undefined>,
): Promise<Pairs> {
  const pairs = new Map<string, { plain: Sample[]; changed: Sample[] }>()
  for (let round = 0; round <= rounds; round++) {
    for (const entrant of entrants) {
      const found = await turn(entrant, round === 0 ? seconds / 2 : seconds)
      if (found === undefined || round === 0) continue
      const pair = pairs.get(entrant.runner.name) ?? { plain: [], changed: [] }
      pair.plain.push(found.plain)
      pair.changed.push(found.changed)
      pairs.set(entrant.runner.name, pair)
    }
  }
  return pairs
}

/** Seconds from the start of the process to its first response to Q1. */
export async function firstAnswers(
  contenders: readonly Contender[],
  schema: Schema,
  url: string,
  question: Question,
  times: number,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (const contender of contenders) {
    const seconds: number[] = []
    for (let time = 0; time < times; time++) {
      await using runner = await startRunner(contender, schema, url)
      await runner.ask('history', question)
      seconds.push((performance.now() - runner.startedAt) / 1000)
    }
    found.set(contender.name, median(seconds))
  }
  return found
}
