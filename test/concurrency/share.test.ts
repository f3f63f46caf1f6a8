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
/** Lets everything happen that waits for nothing but its turn. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Works that run until they are ended, in the order in which they began. */
function openWorks(given: Partial<ShareLimits> = {}) {
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

describe('A share of what runs at once', () => {
  it('is bounded in all and for each caller, whatever is asked, ended and given up, and is whole in the end', async () => {
    const step = fc.record({
      caller: fc.constantFrom('a', 'b', 'c'),
      deed: fc.constantFrom('ask' as const, 'end' as const, 'give up' as const),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom(1, 3, 100), async (steps, maxWaiting) => {
        const works = openWorks({ maxWaiting })
        const asked: Promise<unknown>[] = []
        const leaving: AbortController[] = []
        const deeds = {
          async ask(caller: string) {
            const controller = new AbortController()
            leaving.push(controller)
            asked.push(works.ask(caller, controller.signal))
            await settled()
          },
          end: () => works.endFirst(),
          'give up': async () => leaving.shift()?.abort(),
        }
        for (const { caller, deed } of steps) {
          await deeds[deed](caller)
          expect(works.running.length).toBeLessThanOrEqual(limits.total)
          const ofEach = Map.groupBy(works.running, (work) => work.caller)
          for (const running of ofEach.values()) expect(running.length).toBeLessThanOrEqual(limits.perCaller)
        }
        while (works.running.length > 0) await works.endFirst()
        await Promise.all(asked)
        const again = ['a', 'a', 'b'].map((caller) => works.ask(caller))
        await settled()
        expect(works.running).toHaveLength(3)
        while (works.running.length > 0) await works.endFirst()
        await Promise.all(again)
      }),
      { numRuns: times(1_000, 60) },
    )
  })

  it('is given in turns, so that a caller with one waits for no other who has many', async () => {
    const works = openWorks({ total: 1 })
    for (const caller of ['a', 'a', 'a', 'a', 'b', 'c', 'b']) void works.ask(caller)
    for (let n = 0; n < 7; n++) {
      await settled()
      await works.endFirst()
    }
    expect(works.began).toEqual(['a', 'a', 'b', 'c', 'a', 'b', 'a'])
  })

  it('is not kept from one caller by another who has as much as one may', async () => {
    const works = openWorks()
    for (const caller of ['a', 'a', 'a', 'a', 'b']) void works.ask(caller)
    await settled()
    expect(works.began).toEqual(['a', 'a', 'b'])
  })

  it('is refused at once where too many wait, and given up when the signal is given', async () => {
    const works = openWorks({ total: 1, maxWaiting: 1 })
    const first = works.ask('a')
    const leaving = new AbortController()
    const second = works.ask('b', leaving.signal)
    expect(await works.ask('c')).toBe('BUSY')
    leaving.abort()
    expect(await second).toBe('CANCELLED')
    expect(await works.ask('c', leaving.signal)).toBe('CANCELLED')
    const third = works.ask('c')
    await works.endFirst()
    await works.endFirst()
    await Promise.all([first, third])
    expect(works.began).toEqual(['a', 'c'])
  })

  it('is refused to the caller that has most waiting where too many wait, and not to one that has less', async () => {
    const works = openWorks({ total: 1, maxWaiting: 4 })
    const first = works.ask('a')
    const greedy = Array.from({ length: 4 }, () => works.ask('a'))
    const modest = works.ask('b')
    expect(await greedy[3]).toBe('BUSY')
    const second = works.ask('b')
    expect(await greedy[2]).toBe('BUSY')
    // Now each has two.
    expect(await works.ask('b')).toBe('BUSY')
    expect(await works.ask('a')).toBe('BUSY')
    while (works.running.length > 0) await works.endFirst()
    expect(await Promise.all([first, modest, second, greedy[0], greedy[1]])).toEqual(Array(5).fill('undefined'))
    expect(works.began).toEqual(['a', 'a', 'b', 'a', 'b'])
  })

  it('keeps some for callers that have none', async () => {
    const works = openWorks({ total: 3, ofFurther: 2, perCaller: 3 })
    for (const caller of ['a', 'a', 'a', 'b', 'b', 'c']) void works.ask(caller)
    await settled()
    expect(works.began).toEqual(['a', 'a', 'b'])
    while (works.running.length > 0) await works.endFirst()
    // The third of a, the second of b: each waits until two are left; c waits for the third place only.
    expect(works.began).toEqual(['a', 'a', 'b', 'c', 'a', 'b'])
  })
})
