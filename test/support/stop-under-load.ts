import { expect } from 'vitest'
import { times } from './counts.ts'
import { startLoad } from './load.ts'
import { until } from './until.ts'

interface Served {
  readonly url: string
  readonly child: { kill(signal: NodeJS.Signals): boolean }
  readonly finished: Promise<{ readonly code: number | null }>
}

/** Stops a gateway under load, several times, and fails if an accepted request has no answer. */
export async function stopUnderLoad(rounds: number, keepAlive: boolean, serve: () => Promise<Served>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const serving = await serve()
    const load = startLoad(serving.url, { perSecond: times(200, 50), keepAlive })
    await until('the load runs', () => load.answered > 50)
    serving.child.kill('SIGTERM')
    const { code } = await serving.finished
    const { broken, refused, reset } = await load.stop()
    expect({ round, code, broken }).toEqual({ round, code: 0, broken: [] })
    expect(refused).toBeGreaterThan(0)
    // The kernel resets connections that arrive at the moment of closing.
    expect(reset).toBeLessThanOrEqual(3)
  }
}
