import type { Entrant } from './arena.ts'
import type { QueryName } from './dialects/dialect.ts'
import type { Meter, Sample } from './measure.ts'
import { measure } from './measure.ts'

export interface Turns {
  readonly query: QueryName
  readonly connections: number
  readonly rounds: number
  readonly seconds: number
  /** Warm-up seconds for compilers, caches and connections. */
  readonly warmUp: number
}

/** Samples of each round, by contender. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

/** Measures every contender in every round, so that temporary disturbances affect all of them. */
export async function playRounds(meter: Meter, entrants: readonly Entrant[], turns: Turns): Promise<Samples> {
  const { query, connections, rounds, seconds, warmUp } = turns
  const samples = new Map<string, Sample[]>()
  for (let round = 0; round <= rounds; round++) {
    for (const { runner, jobs } of entrants) {
      const job = jobs.get(query)
      if (job === undefined) continue
      const sample = await measure(meter, runner, { ...job, connections, seconds: round === 0 ? warmUp : seconds })
      const own = samples.get(runner.name) ?? []
      if (round > 0) own.push(sample)
      samples.set(runner.name, own)
    }
  }
  return samples
}
