import { RateLines } from '../charts/rate-lines.tsx'
import type { OverviewPushesQuery } from '../client/documents.ts'
import { formatBucket } from '../parts/format.ts'
import { Section } from '../parts/page.tsx'
import type { ChartProps } from './overview-page.tsx'
import { toneOf } from './platforms.ts'

type Rows = NonNullable<OverviewPushesQuery['pushTestStats']>['rows']

/** The part of the pushes that were answered within 15 s. */
export function PushesChart({ span, zone, rows }: ChartProps & { rows: Rows }) {
  const platforms = [...new Set(rows.filter(({ sent }) => sent > 0).map(({ platform }) => platform ?? ''))].sort()
  return (
    <Section title={`Pushes answered in time, ${span.title}`} aside={`within 15 s, times in ${zone}`}>
      {platforms.length === 0 ? (
        <p className="quiet">
          No push test is stored in this span. SIPIS stores them only where its push tests are switched on.
        </p>
      ) : (
        <RateLines
          label="Part of the pushes that were answered within 15 seconds, by platform"
          unit="of those sent"
          series={platforms.map((platform) => ({
            key: platform,
            title: platform || 'no platform',
            tone: toneOf(platform),
          }))}
          buckets={bucketsOf(rows, zone, span.bucket === 'HOUR')}
        />
      )}
    </Section>
  )
}

function bucketsOf(rows: Rows, zone: string, isHour: boolean) {
  const byTime = Map.groupBy(rows, ({ time }) => time ?? '')
  return [...byTime].map(([time, group]) => ({
    label: formatBucket(time, zone, isHour),
    rates: new Map(
      group.map(({ platform, successRate, sent, pending }) => [
        platform ?? '',
        { rate: successRate, of: sent - pending },
      ]),
    ),
  }))
}
