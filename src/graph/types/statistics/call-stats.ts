import { checkRange } from '../../../loaders/bad-input.ts'
import { maxPageSize } from '../../../loaders/keyset.ts'
import type { CallCount, CallCounts, CallGroup } from '../../../loaders/statistics/call-stats.ts'
import { unknownReason } from '../../../loaders/statistics/call-stats.ts'
import type { Counted } from '../../../loaders/statistics/questions.ts'
import type { Computed } from '../../../loaders/statistics/statistics.ts'
import { now } from '../../../loaders/statistics/statistics.ts'
import { reasonOf } from '../../../sipis/missed-reason.ts'
import { builder } from '../../builder.ts'
import { nullOnError } from '../../semantic-non-null.ts'
import { CallFilter, conditionsOf, MissedReason } from '../call.ts'
import { Selector } from '../selector.ts'
import {
  asOf,
  costOfSelector,
  costOfSpan,
  defaultGroups,
  dimensionsOf,
  filled,
  mostRows,
  rowsBelow,
  spanArgs,
  timeZoneArg,
} from './stats.ts'

interface CallStatShape extends Omit<CallCount, 'bucket' | 'group'> {
  readonly time: string | null
}

interface CallStatsShape extends Pick<CallCounts, 'otherCount' | 'totalCount'> {
  readonly asOf: string
  readonly rows: readonly CallStatShape[]
}

const CallDimension = builder.enumType('CallDimension', {
  description: 'What calls are counted by.',
  values: {
    REASON: { description: 'Why they were missed. On schema v1, which records no reasons, all are one group.' },
    CALLER_DOMAIN: { description: 'Domain of the caller, in lower case.' },
    APP: {
      description:
        'Apps that have a push token of the selector now. A call counts once for each of them, so the sum may exceed `totalCount`.',
    },
    DAY: { description: 'Days in `timeZone`. A day without calls has the count 0.' },
    HOUR: { description: 'Hours. An hour without calls has the count 0.' },
  } as const,
})

const CallStat = builder.objectRef<CallStatShape>('CallStat').implement({
  description: 'The number of calls of one group. Dimensions that were not asked for are null.',
  fields: (t) => ({
    time: t.expose('time', {
      type: 'DateTime',
      nullable: true,
      description: 'Start of the day or hour; the first one may be before `since`.',
    }),
    reason: t.field({
      type: MissedReason,
      nullable: true,
      description: 'Why the calls were missed; null also if SIPIS did not record it.',
      resolve: ({ reason }) => (reason === '' ? null : reason === unknownReason ? 'UNKNOWN' : reasonOf(reason)),
    }),
    callerDomain: t.string({
      nullable: true,
      description: 'Domain of the caller, in lower case; null also if SIPIS did not record it.',
      resolve: ({ callerDomain }) => callerDomain || null,
    }),
    appId: t.string({
      nullable: true,
      description: 'App of the selector; null also for selectors without a push token.',
      resolve: ({ appId }) => appId || null,
    }),
    count: t.exposeInt('count', { description: 'Missed and pending calls.' }),
  }),
})

const CallStats = builder.objectRef<CallStatsShape>('CallStats').implement({
  description: 'Counts of calls. Calls whose selector has been deleted count as well.',
  fields: (t) => ({
    asOf: t.expose('asOf', { type: 'DateTime', description: asOf }),
    rows: t.field({
      type: [CallStat],
      extensions: { listSize: () => mostRows, assumedSize: mostRows, isSizedAbove: true },
      description: `The groups with the most calls, the largest first; with DAY or HOUR each of them at each time, in the order of time. At most ${mostRows}.`,
      resolve: ({ rows }) => [...rows],
    }),
    otherCount: t.exposeInt('otherCount', { description: 'Calls of the groups beyond `first`.' }),
    totalCount: t.exposeInt('totalCount', { description: 'Calls in the span that match the filter, each once.' }),
  }),
})

const groupArgs = builder.args((t) => ({
  by: t.field({
    type: [CallDimension],
    required: true,
    description: 'Dimensions. An empty list gives one row; DAY and HOUR together are BAD_USER_INPUT.',
  }),
  first: t.int({
    required: true,
    defaultValue: defaultGroups,
    description: 'Groups to return, 1 to 100; times are no groups. Other values are BAD_USER_INPUT.',
  }),
}))

const counted = 'Other spans, and answers of more than 1,000 rows, are BAD_USER_INPUT.'

builder.queryField('callStats', (t) =>
  t.field({
    type: CallStats,
    ...nullOnError,
    extensions: {
      ...nullOnError.extensions,
      readingCost: costOfSpan,
      sizeBelow: rowsBelow,
    },
    description: `Numbers of missed and pending calls of all selectors in a span. A span with more rows than LIMIT_STATISTICS_ROWS is TOO_COSTLY; the message says which span would pass. ${counted}`,
    args: {
      ...spanArgs,
      ...groupArgs,
      ...timeZoneArg,
      filter: t.arg({ type: CallFilter, description: 'Count only calls that meet these conditions.' }),
    },
    async resolve(_, { since, until, by, first, timeZone, filter }, { loaders, questions }) {
      checkRange('first', first, 1, maxPageSize)
      const dimensions = dimensionsOf<CallGroup>(by)
      const conditions = conditionsOf(loaders.projection, null, filter)
      const asked = { ...dimensions, first, timeZone, span: { since, until }, conditions }
      return statsOf(await questions.callCounts(asked), dimensions.bucket !== undefined)
    },
  }),
)

builder.objectField(Selector, 'callStats', (t) =>
  t.field({
    type: CallStats,
    ...nullOnError,
    extensions: { ...nullOnError.extensions, readingCost: () => costOfSelector, sizeBelow: rowsBelow },
    description: `Numbers of missed and pending calls of this selector in a span. ${counted}`,
    args: { ...spanArgs, ...groupArgs, ...timeZoneArg },
    async resolve(owner, { since, until, by, first, timeZone }, { loaders }) {
      checkRange('first', first, 1, maxPageSize)
      const dimensions = dimensionsOf<CallGroup>(by)
      const read = now()
      const value = await loaders.callCounts(owner, { ...dimensions, first, timeZone, span: { since, until } })
      return statsOf({ asOf: read, value }, dimensions.bucket !== undefined)
    },
  }),
)

/** @param hasTime whether the buckets are times */
function statsOf({ asOf: read, value }: Computed<Counted<CallCounts>>, hasTime: boolean): CallStatsShape {
  const { counts, otherCount, totalCount } = value.counts
  const rows = filled({ starts: value.starts, hasTime, counts, sizeOf: ({ count }) => count, empty }, groupOf)
  return { asOf: read, otherCount, totalCount, rows }
}

const empty = { reason: '', callerDomain: '', appId: '', count: 0 }

type Row = Omit<CallCount, 'bucket' | 'group'>

function groupOf({ reason, callerDomain, appId }: Row): Omit<Row, 'count'> {
  return { reason, callerDomain, appId }
}
