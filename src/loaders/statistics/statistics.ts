/**
 * Computes statistics over all selectors without harming the database: one at a time, once however many ask for the same, and
 * remembered for some seconds. Only callers who may read all selectors get here (auth/rules.ts), so they may share results.
 */
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { withDeadline } from '../../concurrency/deadline.ts'
import type { Database, Statement, Values } from '../../database/database.ts'
import { busy, cancelled } from '../../errors/database-error.ts'
import { TooMuchToCount } from './too-much-to-count.ts'

/** A result, and when its database was read. */
export interface Computed<T> {
  /** As PostgreSQL prints it. */
  readonly asOf: string
  readonly value: T
}

/** Statistics of one operation. */
export interface Statistics {
  /**
   * Returns what `work` computes, or computed some seconds ago.
   *
   * @param key equal for equal results
   * @throws TooMuchToCount beyond the most of one operation
   * @throws DatabaseError `unavailable` if too many others wait, `timeout` if the operation ends before
   */
  compute<T>(key: readonly unknown[], work: (read: Read) => Promise<T>): Promise<Computed<T>>
  /** Rows that a statistic may read, by the estimate of the database. */
  readonly mostRows: number
}

export type Read = (statement: Statement) => Promise<Values[]>

/** Of one operation. */
const mostOfOperation = 4
const mostWaiting = 20
const remembered = 200
const defaultFreshMs = 10_000

export interface StatisticsOptions {
  readonly mostRows: number
  readonly freshMs?: number
}

/** State that all operations on one database share. */
export function createStatistics(
  database: Database,
  { mostRows, freshMs = defaultFreshMs }: StatisticsOptions,
): (ending: Pick<AbortController, 'signal'>) => Statistics {
  const known = new LRUCache<string, Shared>({ max: remembered, ttl: freshMs })
  const running = new Map<string, Shared>()
  const turns = pLimit(1)

  const start = (key: string, work: (read: Read) => Promise<unknown>): Shared => {
    if (turns.pendingCount >= mostWaiting) throw busy()
    const shared: Shared = { waiting: 0, result: turns(() => run()) }
    const run = async () => {
      // Those who have asked are gone.
      if (shared.waiting === 0) throw cancelled()
      const asOf = now()
      const reader = database.forOperation?.() ?? database
      const value = await work((statement) => reader.query({ ...statement, isStatistic: true }))
      known.set(key, shared)
      return { asOf, value }
    }
    running.set(key, shared)
    shared.result.catch(() => undefined).finally(() => running.delete(key))
    return shared
  }

  return (ending) => {
    let asked = 0
    return {
      mostRows,
      async compute<T>(parts: readonly unknown[], work: (read: Read) => Promise<T>): Promise<Computed<T>> {
        if (++asked > mostOfOperation) throw tooMany()
        const key = JSON.stringify(parts)
        const shared = known.get(key) ?? running.get(key) ?? start(key, work)
        shared.waiting++
        try {
          // Equal keys come from equal work.
          return (await withDeadline(shared.result, { signal: ending.signal })) as Computed<T>
        } finally {
          shared.waiting--
        }
      },
    }
  }
}

/** This moment as PostgreSQL prints it. */
export function now(): string {
  return new Date().toISOString().replace('T', ' ').replace('Z', '+00')
}

interface Shared {
  /** How many operations wait for it. */
  waiting: number
  readonly result: Promise<Computed<unknown>>
}

function tooMany(): TooMuchToCount {
  return new TooMuchToCount(
    `An operation may ask for ${mostOfOperation} statistics over all selectors. Ask for the others in another one.`,
    {},
  )
}
