import type { Database, Statement } from '../../database/database.ts'
import type { Projection, SelectorRow } from '../../sipis/projection.ts'
import { batched, grouped } from '../batched.ts'
import { lanes } from '../lanes.ts'
import { bucketsOf } from './buckets.ts'
import type { CallCounting, CallCounts } from './call-stats.ts'
import { callCountsOf, prepareCallCounts } from './call-stats.ts'
import type { Counted } from './questions.ts'
import { checkSpan } from './span.ts'

export interface CallsOf extends Omit<CallCounting, 'starts' | 'keys' | 'conditions'> {
  readonly timeZone: string
}

/** @throws BadInput if the span is empty or too long */
export type CallCountsLoader = (owner: SelectorRow, asked: CallsOf) => Promise<Counted<CallCounts>>

/** Counts the calls of selectors; those that ask for the same share a statement. */
export function prepareCallCountsOf(projection: Projection): (database: Database) => CallCountsLoader {
  const count = prepareCallCounts(projection, lanes.counts)
  return (database) => {
    const read = (statement: Statement) => database.query({ ...statement, lookUp: lanes.counts })
    const known = new Map<string, (owner: SelectorRow) => Promise<Counted<CallCounts>>>()
    const loaderOf = ({ timeZone, ...counting }: CallsOf) =>
      batched<SelectorRow, Counted<CallCounts>>(
        ({ key }) => key,
        async (owners) => {
          const starts = await bucketsOf(read, counting.bucket, counting.span, timeZone)
          const keys = owners.map(({ key }) => key)
          const rows = await read(count({ ...counting, starts, keys, conditions: [] }))
          return grouped(rows, keys.length, 0).map((found) => ({ starts, counts: callCountsOf(found) }))
        },
      )
    return async (owner, asked) => {
      checkSpan(asked.span)
      const key = JSON.stringify(asked)
      const load = known.get(key) ?? loaderOf(asked)
      known.set(key, load)
      return load(owner)
    }
  }
}
