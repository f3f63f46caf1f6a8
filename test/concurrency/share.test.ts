import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ShareLimits } from '../../src/concurrency/share.ts'
import { createShare } from '../../src/concurrency/share.ts'
import type { DatabaseError } from '../../src/errors/database-error.ts'
import { busy, cancelled } from '../../src/errors/database-error.ts'
import { times } from '../support/counts.ts'

const never = new AbortController().signal
const limits: ShareLimits = { total: 3, perCaller: 2, maxWaiting: 100 }
const failure = (work: Promise<unknown>) => work.then(String, (error: DatabaseError) => error.code)
/** Resolves when all pending promise callbacks have run. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Tasks that run until the test ends them, in the order in which they started. */
function createTasks(given: Partial<ShareLimits> = {}) {
  const share = createShare({ ...limits, ...given }, { full: busy, givenUp: cancelled })
  const began: string[] = []
  const running: { readonly caller: string; readonly end: () => void }[] = []
  return {
    began,
    running,
    ask: (caller: string, signal = never) =>
      failure(
        share.run(caller, signal, async () => {
          const { promise, resolve } = Promise.withResolvers<void>()
          began.push(caller)
          running.push({ caller, end: resolve })
          await promise
        }),
      ),
    async endFirst() {
      running.shift()?.end()
      await settled()
    },
  }
}

describe('A share', () => {
  it('lets a caller in at once if it is its turn, within the same limits', async () => {
    const share = createShare(limits, { full: busy, givenUp: cancelled })
    const leaves = ['a', 'a', 'b'].map((caller) => share.enterAtOnce(caller))
    expect(leaves).toEqual([expect.any(Function), expect.any(Function), expect.any(Function)])
    expect([share.enterAtOnce('a'), share.enterAtOnce('c'), share.of('a')]).toEqual([undefined, undefined, 2])
    const waiting = share.enter('c', never)
    leaves[0]?.()
    const leave = await waiting
    expect(share.enterAtOnce('a')).toBeUndefined()
    leave()
    expect(share.enterAtOnce('a')).toEqual(expect.any(Function))
  })

  it('never exceeds the total and per-caller limits while tasks start, end and are aborted, and is free in the end', async () => {
    const step = fc.record({
      caller: fc.constantFrom('a', 'b', 'c'),
      deed: fc.constantFrom('ask' as const, 'end' as const, 'give up' as const),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom(1, 3, 100), async (steps, maxWaiting) => {
        const tasks = createTasks({ maxWaiting })
        const asked: Promise<unknown>[] = []
        const leaving: AbortController[] = []
        const deeds = {
          async ask(caller: string) {
            const controller = new AbortController()
            leaving.push(controller)
            asked.push(tasks.ask(caller, controller.signal))
            await settled()
          },
          end: () => tasks.endFirst(),
          'give up': async () => leaving.shift()?.abort(),
        }
        for (const { caller, deed } of steps) {
          await deeds[deed](caller)
          expect(tasks.running.length).toBeLessThanOrEqual(limits.total)
          const ofEach = Map.groupBy(tasks.running, (work) => work.caller)
          for (const running of ofEach.values()) expect(running.length).toBeLessThanOrEqual(limits.perCaller)
        }
        while (tasks.running.length > 0) await tasks.endFirst()
        await Promise.all(asked)
        const again = ['a', 'a', 'b'].map((caller) => tasks.ask(caller))
        await settled()
        expect(tasks.running).toHaveLength(3)
        while (tasks.running.length > 0) await tasks.endFirst()
        await Promise.all(again)
      }),
      { numRuns: times(1_000, 60) },
    )
  })

  it('is given in turns, so that a caller with one task does not wait for all tasks of another', async () => {
    const tasks = createTasks({ total: 1 })
    for (const caller of ['a', 'a', 'a', 'a', 'b', 'c', 'b']) void tasks.ask(caller)
    for (let n = 0; n < 7; n++) {
      await settled()
      await tasks.endFirst()
    }
    expect(tasks.began).toEqual(['a', 'a', 'b', 'c', 'a', 'b', 'a'])
  })

  it('is available to a caller while another uses its whole limit', async () => {
    const tasks = createTasks()
    for (const caller of ['a', 'a', 'a', 'a', 'b']) void tasks.ask(caller)
    await settled()
    expect(tasks.began).toEqual(['a', 'a', 'b'])
  })

  it('rejects tasks at once if too many wait, and rejects a waiting task when its signal is aborted', async () => {
    const tasks = createTasks({ total: 1, maxWaiting: 1 })
    const first = tasks.ask('a')
    const leaving = new AbortController()
    const second = tasks.ask('b', leaving.signal)
    expect(await tasks.ask('c')).toBe('BUSY')
    leaving.abort()
    expect(await second).toBe('CANCELLED')
    expect(await tasks.ask('c', leaving.signal)).toBe('CANCELLED')
    const third = tasks.ask('c')
    await tasks.endFirst()
    await tasks.endFirst()
    await Promise.all([first, third])
    expect(tasks.began).toEqual(['a', 'c'])
  })

  it('rejects the task of the caller with the most waiting tasks if too many wait', async () => {
    const tasks = createTasks({ total: 1, maxWaiting: 4 })
    const first = tasks.ask('a')
    const greedy = Array.from({ length: 4 }, () => tasks.ask('a'))
    const modest = tasks.ask('b')
    expect(await greedy[3]).toBe('BUSY')
    const second = tasks.ask('b')
    expect(await greedy[2]).toBe('BUSY')
    // Now each has two.
    expect(await tasks.ask('b')).toBe('BUSY')
    expect(await tasks.ask('a')).toBe('BUSY')
    while (tasks.running.length > 0) await tasks.endFirst()
    expect(await Promise.all([first, modest, second, greedy[0], greedy[1]])).toEqual(Array(5).fill('undefined'))
    expect(tasks.began).toEqual(['a', 'a', 'b', 'a', 'b'])
  })

  it('reserves places for callers without a running task', async () => {
    const tasks = createTasks({ total: 3, ofFurther: 2, perCaller: 3 })
    for (const caller of ['a', 'a', 'a', 'b', 'b', 'c']) void tasks.ask(caller)
    await settled()
    expect(tasks.began).toEqual(['a', 'a', 'b'])
    while (tasks.running.length > 0) await tasks.endFirst()
    // The third task of a and the second of b wait until two places are free; c waits only for the third place.
    expect(tasks.began).toEqual(['a', 'a', 'b', 'c', 'a', 'b'])
  })
})
