import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Database, Statement, Value } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import { openScans } from '../../src/database/scans.ts'
import { metered } from '../../src/loaders/metered.ts'
import { createUsage } from '../../src/loaders/usage.ts'

/** Waits until all callbacks that do not depend on a result have run. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

interface Asked {
  readonly statement: Statement
  readonly signal: AbortSignal | undefined
  readonly answer: (rows: Value[][]) => void
}

/** An operation on a database whose statements the test settles. */
function openOperation({ maxBytes = 1_000, scans = 100, scansPerCaller = 100 } = {}) {
  const asked: Asked[] = []
  let closed = 0
  const database: Database = {
    query(statement, signal) {
      const { promise, resolve } = Promise.withResolvers<Value[][]>()
      asked.push({ statement: render(statement), signal, answer: resolve })
      return promise
    },
    close: async () => void closed++,
  }
  const usage = createUsage(maxBytes)
  const leaving = new AbortController()
  const open = (signal = leaving.signal) =>
    metered(database, { usage, ending: { signal }, caller: 'a', scans: openScans({ scans, scansPerCaller }) })
  return { database: open(), open, usage, leaving, asked, closed: () => closed }
}

const lookUp = (n: number, expectedBytes?: number): Statement => ({
  text: `SELECT ${n}`,
  values: [],
  lookUp: { lane: 'calls' },
  ...(expectedBytes === undefined ? {} : { expectedBytes }),
})
const scan = (n: number): Statement => ({ text: `SELECT ${n}`, values: [n] })
const list = (n: number): Statement => ({ text: `SELECT -${n}`, values: [], name: `list_${n}` })
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('The metered database', () => {
  it('counts the rows and characters that are read', async () => {
    const { database, usage, asked } = openOperation({ maxBytes: 6 })
    const first = database.query(lookUp(1))
    await settled()
    asked[0]?.answer([
      ['abc', null],
      ['', 'de'],
    ])
    expect(await first).toEqual([
      ['abc', null],
      ['', 'de'],
    ])
    expect(usage.rows).toBe(2)
    expect(usage.excess).toBeUndefined()
    const second = failure(database.query(scan(2)))
    await settled()
    asked[1]?.answer([['fg']])
    expect(await second).toMatchObject({ name: 'Excess', found: 7, limit: 6 })
  })

  it('counts expected bytes before the statement runs, and only once', async () => {
    const { database, usage, asked } = openOperation({ maxBytes: 10 })
    const first = database.query(lookUp(1, 8))
    await settled()
    asked[0]?.answer([['12345678']])
    await first
    expect(await failure(database.query(lookUp(2, 3)))).toMatchObject({ found: 11 })
    expect(asked).toHaveLength(1)
    expect(usage.rows).toBe(1)
  })

  it('counts bytes beyond the expected ones, and does not subtract missing ones', async () => {
    const more = openOperation({ maxBytes: 10 })
    const longer = failure(more.database.query(lookUp(1, 4)))
    await settled()
    more.asked[0]?.answer([['12345678901']])
    expect(await longer).toMatchObject({ found: 11 })
    const less = openOperation({ maxBytes: 10 })
    const shorter = less.database.query(lookUp(1, 8))
    await settled()
    less.asked[0]?.answer([['1']])
    await shorter
    expect(await failure(less.database.query(lookUp(2, 3)))).toMatchObject({ found: 11 })
  })

  it('runs at most 16 look-ups, 2 scans and 2 lists at once', async () => {
    const { database, asked } = openOperation()
    const all = Array.from({ length: 20 }, (_, n) => [
      database.query(lookUp(n)),
      database.query(scan(n)),
      database.query(list(n)),
    ]).flat()
    await settled()
    const kinds = () =>
      asked.map(({ statement }) => (statement.lookUp ? 'look-up' : statement.name === undefined ? 'scan' : 'list'))
    const count = (kind: string) => kinds().filter((one) => one === kind).length
    expect([count('look-up'), count('scan'), count('list')]).toEqual([16, 2, 2])
    for (let n = 0; n < asked.length; n++) {
      asked[n]?.answer([])
      await settled()
    }
    await Promise.all(all)
    expect([count('look-up'), count('scan'), count('list')]).toEqual([20, 20, 20])
  })

  it('makes scans wait for those of other callers, and lists only for those of the same caller', async () => {
    const { database, asked } = openOperation({ scans: 1, scansPerCaller: 2 })
    for (let n = 0; n < 2; n++) void Promise.all([database.query(scan(n)), database.query(list(n))])
    await settled()
    expect(asked.map(({ statement }) => statement.name)).toEqual([undefined, 'list_0', 'list_1'])
  })

  it('shares the result of a repeated scan, and runs a repeated look-up each time', async () => {
    const { database, asked } = openOperation()
    const [first, again] = [database.query(scan(1)), database.query(sql.raw('SELECT 1').append(sql``))]
    expect(database.query(scan(1))).toBe(first)
    expect(again).not.toBe(first)
    expect(database.query({ ...scan(1), values: ['1'] })).not.toBe(first)
    void database.query(lookUp(1))
    void database.query(lookUp(1))
    await settled()
    expect(asked.filter(({ statement }) => statement.lookUp !== undefined)).toHaveLength(2)
  })

  it('aborts running statements when the signal is aborted', async () => {
    const { database, leaving, asked } = openOperation()
    void database.query(lookUp(1))
    await settled()
    expect(asked[0]?.signal?.aborted).toBe(false)
    leaving.abort()
    expect(asked[0]?.signal?.aborted).toBe(true)
  })

  it('runs no statement if the signal is already aborted', async () => {
    const { open, asked } = openOperation()
    expect(await failure(open(AbortSignal.abort()).query(lookUp(1)))).toMatchObject({ code: 'CANCELLED' })
    expect(asked).toEqual([])
  })

  it('aborts running statements, and starts no further ones, when a limit is exceeded', async () => {
    const { database, usage, asked } = openOperation({ maxBytes: 10 })
    const all = Array.from({ length: 17 }, (_, n) => failure(database.query(lookUp(n))))
    await settled()
    const excess = await failure(database.query(lookUp(17, 11)))
    expect(usage.excess).toBe(excess)
    expect(asked[0]?.signal?.aborted).toBe(true)
    asked[0]?.answer([])
    await settled()
    expect(asked).toHaveLength(16)
    expect(await all[16]).toBe(excess)
  })

  it('closes the underlying database', async () => {
    const { database, closed } = openOperation()
    await database.close()
    expect(closed()).toBe(1)
  })
})
