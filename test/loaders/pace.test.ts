import { describe, expect, it } from 'vitest'
import { openScans } from '../../src/database/scans.ts'
import { createPace } from '../../src/loaders/pace.ts'

const never = new AbortController().signal
const open = (turns = openScans({ scans: 1, scansPerCaller: 1 }).turn) => ({
  of: (caller: string, signal = never) => createPace({ turns, caller, ending: { signal } }),
})

describe('The pace of an operation', () => {
  it('does not wait for up to 500 rows', () => {
    const pace = open().of('a')
    for (let page = 0; page < 5; page++) expect(pace.take(100)).toBe(undefined)
    expect(pace.take(1)).toBeInstanceOf(Promise)
  })

  it('resolves 500 rows in one turn of the event loop', async () => {
    const pace = open().of('a')
    let turns = 0
    const count = () => {
      turns++
      setImmediate(count)
    }
    setImmediate(count)
    const pages = Array.from({ length: 20 }, () => pace.take(100))
    const turnsOf: number[] = []
    const answer = async (page: Promise<void> | undefined) => {
      await page
      turnsOf.push(turns)
    }
    await Promise.all(pages.map(answer))
    // Four turns of five pages; the first starts at once.
    const distinct = [...new Set(turnsOf)]
    expect(distinct).toHaveLength(4)
    expect(distinct.map((turn) => turnsOf.filter((one) => one === turn).length)).toEqual([5, 5, 5, 5])
  })

  it('gives turns to one caller at a time', async () => {
    const { of } = open()
    const order: string[] = []
    const ask = (caller: string, count: number) => {
      const pace = of(caller)
      return Array.from({ length: count + 1 }, async (_, page) => {
        await pace.take(500)
        if (page > 0) order.push(caller)
      })
    }
    await Promise.all([...ask('a', 4), ...ask('b', 2), ...ask('c', 1)])
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a', 'a'])
  })

  it('ends with the operation', async () => {
    const leaving = new AbortController()
    const pace = open().of('a', leaving.signal)
    const turns = Array.from({ length: 5 }, () => pace.take(500))
    leaving.abort()
    const outcomes = await Promise.allSettled(turns)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected'])
  })
})
