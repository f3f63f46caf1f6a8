import { checkRange } from '../../../loaders/bad-input.ts'
import { maxPageSize } from '../../../loaders/keyset.ts'
import type { PushTestCount, PushTestGroup } from '../../../loaders/statistics/push-test-stats.ts'
import { builder } from '../../builder.ts'
import { nullOnError } from '../../semantic-non-null.ts'
import {
  asOf,
  costOfSpan,
  defaultGroups,
  dimensionsOf,
  filled,
  mostRows,
  mostTimeMs,
  rowsBelow,
  spanArgs,
  timeZoneArg,
} from './stats.ts'

interface PushTestStatShape extends Omit<PushTestCount, 'bucket' | 'group'> {
  readonly time: string | null
}

interface PushTestStatsShape {
  readonly asOf: string
  readonly otherCount: number
  readonly rows: readonly PushTestStatShape[]
}

const PushTestDimension = builder.enumType('PushTestDimension', {
  description: 'What push tests are counted by.',
  values: {
    PLATFORM: { description: 'Platform of the device, as stored by SIPIS.' },
    APP: {
      description: 'Apps that have a push token of the selector now. A push test counts once for each of them.',
    },
    DAY: { description: 'Days in `timeZone`. A day without push tests has zeros.' },
    HOUR: { description: 'Hours. An hour without push tests has zeros.' },
  } as const,
})

const Latency = builder.objectRef<readonly number[]>('Latency').implement({
  description: 'Percentiles of the time from the start of push tests to their confirmation, in milliseconds.',
  fields: (t) => {
    const percentile = (place: number, percent: number) =>
      t.float({ description: `${percent} of 100 were at most so long.`, resolve: (all) => all[place] ?? 0 })
    return { p50: percentile(0, 50), p90: percentile(1, 90), p95: percentile(2, 95), p99: percentile(3, 99) }
  },
})

const PushTestStat = builder.objectRef<PushTestStatShape>('PushTestStat').implement({
  description: 'How push tests of one group went. Dimensions that were not asked for are null.',
  fields: (t) => ({
    time: t.expose('time', {
      type: 'DateTime',
      nullable: true,
      description: 'Start of the day or hour; the first one may be before `since`.',
    }),
    platform: t.string({
      nullable: true,
      description: 'Platform of the device, e.g. iOS.',
      resolve: ({ platform }) => platform || null,
    }),
    appId: t.string({
      nullable: true,
      description: 'App of the selector; null also for selectors without a push token.',
      resolve: ({ appId }) => appId || null,
    }),
    sent: t.exposeInt('sent', { description: 'Push tests that were started in the span.' }),
    concluded: t.exposeInt('concluded', { description: 'Those that the device has confirmed.' }),
    concludedInTime: t.exposeInt('concludedInTime', {
      description:
        'Those that it has confirmed within `inTimeMs`. A push that comes later misses the call all the same.',
    }),
    pending: t.exposeInt('pending', { description: 'Those that may still be confirmed in time.' }),
    unanswered: t.int({
      description: 'Those that were not confirmed and can no longer be in time.',
      resolve: ({ sent, concluded, pending }) => sent - concluded - pending,
    }),
    successRate: t.float({
      nullable: true,
      description: '`concludedInTime` as a part of those that are not pending, 0 to 1; null if there are none.',
      resolve: ({ sent, pending, concludedInTime }) => (sent === pending ? null : concludedInTime / (sent - pending)),
    }),
    latencyMs: t.expose('latency', {
      type: Latency,
      nullable: true,
      description: 'How long confirmed push tests took; null if there are none with finite times.',
    }),
  }),
})

const PushTestStats = builder.objectRef<PushTestStatsShape>('PushTestStats').implement({
  description: 'Counts of push tests. Those whose selector has been deleted count as well.',
  fields: (t) => ({
    asOf: t.expose('asOf', { type: 'DateTime', description: asOf }),
    rows: t.field({
      type: [PushTestStat],
      extensions: { listSize: () => mostRows, assumedSize: mostRows, isSizedAbove: true },
      description: `The largest groups, the largest first; with DAY or HOUR each of them at each time, in the order of time. At most ${mostRows}.`,
      resolve: ({ rows }) => [...rows],
    }),
    otherCount: t.exposeInt('otherCount', { description: 'Push tests of the groups beyond `first`.' }),
  }),
})

builder.queryField('pushTestStats', (t) =>
  t.field({
    type: PushTestStats,
    ...nullOnError,
    extensions: {
      ...nullOnError.extensions,
      readingCost: costOfSpan,
      sizeBelow: rowsBelow,
    },
    description:
      'Whether pushes arrive: push tests of all selectors in a span. A span with more rows than LIMIT_STATISTICS_ROWS is TOO_COSTLY; the ' +
      'message says which span would pass. Other spans, and answers of more than 1,000 rows, are BAD_USER_INPUT.',
    args: {
      ...spanArgs,
      by: t.arg({
        type: [PushTestDimension],
        required: true,
        description: 'Dimensions. An empty list gives one row; DAY and HOUR together are BAD_USER_INPUT.',
      }),
      first: t.arg.int({
        required: true,
        defaultValue: defaultGroups,
        description: 'Groups to return, 1 to 100; times are no groups. Other values are BAD_USER_INPUT.',
      }),
      inTimeMs: t.arg.int({
        required: true,
        defaultValue: 15_000,
        description:
          'Milliseconds within which a push is in time, 0 to 86,400,000. By default what a caller waits for an answer.',
      }),
      ...timeZoneArg,
    },
    async resolve(_, { since, until, by, first, inTimeMs, timeZone }, { questions }) {
      checkRange('first', first, 1, maxPageSize)
      checkRange('inTimeMs', inTimeMs, 0, mostTimeMs)
      const dimensions = dimensionsOf<PushTestGroup>(by)
      const asked = { ...dimensions, first, inTimeMs, timeZone, span: { since, until } }
      const { asOf: read, value } = await questions.pushTestCounts(asked)
      const { starts, counts } = value
      const hasTime = dimensions.bucket !== undefined
      return {
        asOf: read,
        otherCount: counts.otherCount,
        rows: filled({ starts, hasTime, counts: counts.counts, sizeOf: ({ sent }) => sent, empty }, groupOf),
      }
    },
  }),
)

type Row = Omit<PushTestCount, 'bucket' | 'group'>

const empty: Row = { platform: '', appId: '', sent: 0, concluded: 0, concludedInTime: 0, pending: 0, latency: null }

function groupOf({ platform, appId }: Row): Pick<Row, 'platform' | 'appId'> {
  return { platform, appId }
}
