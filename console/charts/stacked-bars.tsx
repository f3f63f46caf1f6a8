import { formatCount } from '../parts/format.ts'
import { ChartTable } from './chart-table.tsx'
import type { Plot, Series } from './frame.tsx'
import { ChartFrame } from './frame.tsx'
import { ticks } from './scale.ts'

export interface CountBucket {
  readonly label: string
  /** Counts by the key of the series; what is missing is 0. */
  readonly counts: ReadonlyMap<string, number>
}

interface Props {
  readonly label: string
  readonly unit: string
  readonly series: readonly Series[]
  readonly buckets: readonly CountBucket[]
}

export function StackedBars({ label, unit, series, buckets }: Props) {
  const totals = buckets.map(({ counts }) => series.reduce((sum, { key }) => sum + (counts.get(key) ?? 0), 0))
  const rows = buckets.map((bucket, place) => ({
    label: bucket.label,
    cells: [...series.map(({ key }) => bucket.counts.get(key) ?? 0), totals[place] ?? 0].map(formatCount),
  }))
  return (
    <ChartFrame
      label={label}
      unit={unit}
      series={series}
      buckets={buckets.map((bucket) => bucket.label)}
      marks={ticks(Math.max(...totals, 0))}
      formatMark={formatCount}
      draw={(plot) =>
        buckets.map((bucket, place) => (
          <Bar key={bucket.label} bucket={bucket} series={series} place={place} plot={plot} />
        ))
      }
      table={<ChartTable series={series} more={['all']} rows={rows} />}
    />
  )
}

interface BarProps {
  readonly bucket: CountBucket
  readonly series: readonly Series[]
  readonly place: number
  readonly plot: Plot
}

function Bar({ bucket: { label, counts }, series, place, plot: { x, y, band } }: BarProps) {
  const width = Math.max(Math.min(band * 0.72, 48), 1)
  const parts = series.map(({ key, title, tone }) => ({ key, title, tone, count: counts.get(key) ?? 0 }))
  const shown = parts.filter(({ count }) => count > 0)
  const below = shown.map((_, at) => shown.slice(0, at).reduce((sum, { count }) => sum + count, 0))
  return (
    <g>
      <title>{[label, ...shown.map(({ count, title }) => `${formatCount(count)} ${title}`)].join('\n')}</title>
      <rect className="catch" x={x(place) - band / 2} y={0} width={band} height={y(0)} />
      {shown.map(({ key, tone, count }, at) => {
        const base = below[at] ?? 0
        const top = y(base + count)
        return <rect key={key} className={tone} x={x(place) - width / 2} y={top} width={width} height={y(base) - top} />
      })}
    </g>
  )
}
