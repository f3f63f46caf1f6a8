import { formatCount, percent } from '../parts/format.ts'
import { ChartTable } from './chart-table.tsx'
import type { Plot, Series } from './frame.tsx'
import { ChartFrame } from './frame.tsx'

export interface Rate {
  /** 0 to 1; null if nothing was counted. */
  readonly rate: number | null
  readonly of: number
}

export interface RateBucket {
  readonly label: string
  readonly rates: ReadonlyMap<string, Rate>
}

interface Props {
  readonly label: string
  readonly unit: string
  readonly series: readonly Series[]
  readonly buckets: readonly RateBucket[]
}

const marks = [0, 0.25, 0.5, 0.75, 1]

export function RateLines({ label, unit, series, buckets }: Props) {
  const rows = buckets.map((bucket) => ({
    label: bucket.label,
    cells: series.map(({ key }) => cellOf(bucket.rates.get(key))),
  }))
  return (
    <ChartFrame
      label={label}
      unit={unit}
      series={series}
      buckets={buckets.map((bucket) => bucket.label)}
      marks={marks}
      formatMark={percent}
      draw={(plot) => series.map((one) => <Line key={one.key} series={one} buckets={buckets} plot={plot} />)}
      table={<ChartTable series={series} rows={rows} />}
    />
  )
}

interface LineProps {
  readonly series: Series
  readonly buckets: readonly RateBucket[]
  readonly plot: Plot
}

/** A bucket without pushes interrupts the line, because nothing is no rate. */
function Line({ series: { key, title, tone }, buckets, plot: { x, y } }: LineProps) {
  const points = buckets.map(({ label, rates }, place) => {
    const { rate = null, of = 0 } = rates.get(key) ?? {}
    return rate === null ? undefined : { label, rate, of, x: x(place), y: y(rate) }
  })
  const path = points.map((point, place) => {
    if (point === undefined) return ''
    return `${points[place - 1] === undefined ? 'M' : 'L'}${point.x.toFixed(1)},${point.y.toFixed(1)}`
  })
  return (
    <g className={tone}>
      <path className="line" d={path.join('')} />
      {points.map((point) =>
        point === undefined ? null : (
          <circle key={point.label} cx={point.x} cy={point.y} r={4}>
            <title>{`${point.label}\n${title}: ${percent(point.rate)} of ${formatCount(point.of)}`}</title>
          </circle>
        ),
      )}
    </g>
  )
}

function cellOf(found: Rate | undefined): string {
  return found === undefined || found.rate === null ? 'none sent' : `${percent(found.rate)} of ${formatCount(found.of)}`
}
