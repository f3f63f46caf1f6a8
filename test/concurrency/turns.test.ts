import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTurns } from '../../src/concurrency/turns.ts'

describe('Turns', () => {
  it('begin at once while fewer tasks run', async () => {
    const turns = createTurns(2)
    const begun: number[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const all = [1, 2, 3].map((number) =>
      turns(() => {
        begun.push(number)
        return promise
      }),
    )
    expect(begun).toEqual([1, 2])
    resolve()
    await Promise.all(all)
    expect(begun).toEqual([1, 2, 3])
  })

  it('are as many as allowed, in order, whatever tasks fail, and each task has its own outcome', async () => {
    const tasks = fc.array(fc.record({ ticks: fc.nat(5), fails: fc.boolean(), throws: fc.boolean() }), {
      maxLength: 20,
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), tasks, async (most, given) => {
        const turns = createTurns(most)
        const begun: number[] = []
        let running = 0
        let mostRunning = 0
        const run = async (ticks: number, number: number, fails: boolean) => {
          begun.push(number)
          mostRunning = Math.max(mostRunning, ++running)
          for (let tick = 0; tick < ticks; tick++) await undefined
          running--
          if (fails) throw new Error(String(number))
          return number
        }
        const outcomes = await Promise.allSettled(
          given.map(({ ticks, fails, throws }, number) =>
            turns(() => {
              if (!throws) return run(ticks, number, fails)
              begun.push(number)
              throw new Error(String(number))
            }),
          ),
        )
        expect(begun).toEqual(given.map((_, number) => number))
        expect(mostRunning).toBeLessThanOrEqual(most)
        expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual(
          given.map(({ fails, throws }, number) => (fails || throws ? String(number) : number)),
        )
      }),
    )
  })
})
