/** The statistics over all selectors, each computed by `Statistics`. */
import type { Prepared } from '../../database/prepared.ts'
import { prepare } from '../../database/prepared.ts'
import type { Projection } from '../../sipis/projection.ts'
import { bucketsOf } from './buckets.ts'
import type { CallCounting, CallCounts } from './call-stats.ts'
import { callCountsOf, prepareCallCounts } from './call-stats.ts'
import { explainedRows, refuseTooMany } from './estimate.ts'
import type { PushTestCounting, PushTestCounts } from './push-test-stats.ts'
import { preparePushTestCounts, pushTestCountsOf, startedInSpan } from './push-test-stats.ts'
import type { ServerCount } from './server-counts.ts'
import { prepareServerCounts, serverCountsOf } from './server-counts.ts'
import type { Span } from './span.ts'
import { checkSpan, spanValues, withinSpan } from './span.ts'
import type { Computed, Read, Statistics } from './statistics.ts'
import type { TokenCount } from './token-stats.ts'
import { prepareTokenCounts, tokenCountsOf } from './token-stats.ts'
import type { TopCaller } from './top-callers.ts'
import { prepareTopCallers, topCallersOf } from './top-callers.ts'

interface InZone {
  /** Of the buckets that are days. */
  readonly timeZone: string
}

/** Counts, and the starts of their buckets as PostgreSQL prints them. */
export interface Counted<Counts> {
  readonly starts: readonly string[]
  readonly counts: Counts
}

type Asked<Counting> = Omit<Counting, 'starts' | 'keys'> & InZone

/** All of them throw BadInput if the span is empty or too long, and TooMuchToCount if it has too many rows. */
export interface Questions {
  callCounts(asked: Asked<CallCounting>): Promise<Computed<Counted<CallCounts>>>
  pushTestCounts(asked: Asked<PushTestCounting>): Promise<Computed<Counted<PushTestCounts>>>
  topCallers(span: Span, first: number): Promise<Computed<readonly TopCaller[]>>
  tokenCounts(olderThan: readonly string[]): Promise<Computed<readonly TokenCount[]>>
  serverCounts(): Promise<Computed<readonly ServerCount[]>>
}

/** Prepares statements once per projection; the returned function asks for one operation. */
export function prepareQuestions(projection: Projection): (statistics: Statistics) => Questions {
  const { calls, pushTests } = projection
  const countCalls = prepareCallCounts(projection)
  const countPushTests = preparePushTestCounts(projection)
  const findTopCallers = prepareTopCallers(projection)
  const countTokens = prepareTokenCounts(projection)
  const countServers = prepareServerCounts(projection)
  const explainCalls = prepare(explainedRows(calls.table, withinSpan(calls.columns.time.sql)))
  const explainPushTests = prepare(explainedRows(pushTests.table, startedInSpan(pushTests)))

  return ({ compute, mostRows }) => {
    const bounded = (read: Read, explain: Prepared, span: Span) =>
      refuseTooMany(read, explain(spanValues(span)), { span, mostRows })
    return {
      async callCounts({ timeZone, ...counting }) {
        const { span, bucket, groups, first, conditions } = counting
        checkSpan(span)
        const values = conditions.map(({ shape, values }) => [shape, values])
        return compute(['calls', span, bucket, groups, first, timeZone, values], async (read) => {
          await bounded(read, explainCalls, span)
          const starts = await bucketsOf(read, bucket, span, timeZone)
          return { starts, counts: callCountsOf(await read(countCalls({ ...counting, starts }))) }
        })
      },
      async pushTestCounts({ timeZone, ...counting }) {
        const { span, bucket, groups, inTimeMs, first } = counting
        checkSpan(span)
        return compute(['push tests', span, bucket, groups, inTimeMs, first, timeZone], async (read) => {
          await bounded(read, explainPushTests, span)
          const starts = await bucketsOf(read, bucket, span, timeZone)
          return { starts, counts: pushTestCountsOf(await read(countPushTests({ ...counting, starts }))) }
        })
      },
      async topCallers(span, first) {
        checkSpan(span)
        return compute(['top callers', span, first], async (read) => {
          const rows = await bounded(read, explainCalls, span)
          return topCallersOf(projection, await read(findTopCallers(span, first, rows)))
        })
      },
      tokenCounts: (olderThan) =>
        compute(['tokens', olderThan], async (read) => tokenCountsOf(await read(countTokens(olderThan)))),
      serverCounts: () => compute(['servers'], async (read) => serverCountsOf(await read(countServers()))),
    }
  }
}
