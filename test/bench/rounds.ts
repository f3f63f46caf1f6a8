import type { Entrant } from './arena.ts'
import type { QueryName } from './dialects/dialect.ts'
import type { Meter, Sample } from './measure.ts'
import { measure } from './measure.ts'

export interface Turns {
  readonly query: QueryName
  readonly connections: number
  readonly rounds: number
  readonly seconds: number
  /** Seconds for which each is asked first: compilers, caches and connections need a while. */
  readonly warmUp: number
}

/** By the name of the contender, a sample for each round. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

/** Every contender has its turn in every round, so that what disturbs the machine for a while disturbs all of them. */
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
