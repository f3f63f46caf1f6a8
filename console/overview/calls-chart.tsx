import { useQuery } from 'urql'
import { StackedBars } from '../charts/stacked-bars.tsx'
import type { OverviewCallsQuery } from '../client/documents.ts'
import { OverviewCallsDocument } from '../client/documents.ts'
import { countOf, formatBucket } from '../parts/format.ts'
import { Loading, Section } from '../parts/page.tsx'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { aboutReason, reasonOrder } from '../parts/reasons.tsx'
import { Time } from '../parts/zone.tsx'
import type { ChartProps } from './overview-page.tsx'
import { Smaller } from './smaller.tsx'

export function CallsChart({ span, bounds, zone }: ChartProps) {
  const variables = { ...bounds, by: [span.bucket, 'REASON' as const], timeZone: zone }
  const [{ data, error, fetching }, again] = useQuery({ query: OverviewCallsDocument, variables })
  const [problem] = problemsOf(error)
  const stats = data?.callStats
  return (
    <Section title={`Missed calls, ${span.title}`} aside={<Aside zone={zone} asOf={stats?.asOf} />}>
      {fetching && <Loading what="the numbers of calls" />}
      {problem !== undefined && <ProblemNote problem={problem} onRetry={again} smaller={<Smaller span={span} />} />}
      {stats != null && stats.totalCount === 0 && (
        <p className="quiet">
          No missed call is stored in this span. SIPIS deletes calls that devices have collected; a longer span may have
          some.
        </p>
      )}
      {stats != null && stats.totalCount > 0 && (
        <StackedBars
          label={`${countOf(stats.totalCount, 'missed call')} by reason`}
          unit="calls"
          series={seriesOf(stats.rows)}
          buckets={bucketsOf(stats.rows, zone, span.bucket === 'HOUR')}
        />
      )}
    </Section>
  )
}

function Aside({ zone, asOf }: { zone: string; asOf: string | undefined }) {
  return (
    <>
      by reason, times in {zone}
      {asOf !== undefined && (
        <>
          , as of <Time time={asOf} />
        </>
      )}
    </>
  )
}

type Rows = NonNullable<OverviewCallsQuery['callStats']>['rows']

function seriesOf(rows: Rows) {
  const present = new Set(rows.filter(({ count }) => count > 0).map(({ reason }) => reason))
  return reasonOrder
    .filter((reason) => present.has(reason))
    .map((reason) => ({ key: String(reason), ...aboutReason(reason) }))
}

function bucketsOf(rows: Rows, zone: string, isHour: boolean) {
  const byTime = Map.groupBy(rows, ({ time }) => time ?? '')
  return [...byTime].map(([time, group]) => ({
    label: formatBucket(time, zone, isHour),
    counts: new Map(group.map(({ reason, count }) => [String(reason), count])),
  }))
}
