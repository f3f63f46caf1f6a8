/** What charts have in common: size, axes, legend, and the table beside them. */
import type { ReactNode } from 'react'
import { useEffect, useRef, useState } from 'react'
import { ScrollTable } from '../parts/scroll-table.tsx'
import { isLabelled } from './scale.ts'

export interface Series {
  readonly key: string
  readonly title: string
  /** Class of the colour, which means the same everywhere. */
  readonly tone: string
}

export interface Plot {
  readonly width: number
  readonly height: number
  /** Centre of a bucket. */
  readonly x: (place: number) => number
  /** Width of a bucket. */
  readonly band: number
  readonly y: (value: number) => number
}

interface Props {
  /** What the chart shows, for readers that do not see it. */
  readonly label: string
  readonly buckets: readonly string[]
  readonly marks: readonly number[]
  readonly unit: string
  readonly series: readonly Series[]
  readonly formatMark: (value: number) => string
  readonly draw: (plot: Plot) => ReactNode
  readonly table: ReactNode
}

const height = 220
const margin = { top: 30, right: 8, bottom: 24, left: 46 }
/** Of a character and of the gap between two labels. */
const labelSize = { character: 6.8, gap: 10 }

export function ChartFrame({ label, buckets, marks, unit, series, formatMark, draw, table }: Props) {
  const [box, width] = useWidth()
  const inner = Math.max(width - margin.left - margin.right, 10)
  const innerHeight = height - margin.top - margin.bottom
  const band = inner / Math.max(buckets.length, 1)
  const top = marks.at(-1) ?? 1
  const labelWidth = labelSize.gap + labelSize.character * Math.max(...buckets.map((bucket) => bucket.length), 1)
  // The last label is moved into the chart, towards the one before.
  const moved = Math.max(0, (labelWidth - band) / 2 - margin.right)
  const x = (place: number) => margin.left + band * (place + 0.5)
  const y = (value: number) => margin.top + innerHeight * (1 - value / top)
  return (
    <figure ref={box}>
      <Legend series={series} />
      <svg role="img" aria-label={label} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        <text className="unit" x={0} y={12}>
          {unit}
        </text>
        {marks.map((mark) => (
          <g key={mark}>
            <line className="grid" x1={margin.left} x2={width - margin.right} y1={y(mark)} y2={y(mark)} />
            <text className="mark" x={margin.left - 6} y={y(mark) + 4}>
              {formatMark(mark)}
            </text>
          </g>
        ))}
        {buckets.map((bucket, place) =>
          isLabelled(place, buckets.length, inner, labelWidth + moved) ? (
            <text key={bucket} className="bucket" x={Math.min(x(place), width - labelWidth / 2)} y={height - 6}>
              {bucket}
            </text>
          ) : null,
        )}
        {draw({ width, height, x, band, y })}
      </svg>
      <details>
        <summary>Table</summary>
        <ScrollTable label={`Table: ${label}`}>{table}</ScrollTable>
      </details>
    </figure>
  )
}

function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul className="legend">
      {series.map(({ key, title, tone }) => (
        <li key={key}>
          <span className={`dot ${tone}`} aria-hidden="true" />
          {title}
        </li>
      ))}
    </ul>
  )
}

/** Charts are drawn in pixels, so that their texts are as large on a phone. */
function useWidth() {
  const box = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(320)
  useEffect(() => {
    const { current } = box
    if (current === null) return
    const observer = new ResizeObserver(() => setWidth(current.clientWidth))
    observer.observe(current)
    setWidth(current.clientWidth)
    return () => observer.disconnect()
  }, [])
  return [box, width] as const
}
