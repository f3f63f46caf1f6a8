import type { Series } from './frame.tsx'

export interface ChartRow {
  readonly label: string
  /** One for each series, then those of `more`. */
  readonly cells: readonly string[]
}

interface Props {
  readonly series: readonly Series[]
  /** Titles of columns behind those of the series. */
  readonly more?: readonly string[]
  readonly rows: readonly ChartRow[]
}

/** The numbers of a chart. */
export function ChartTable({ series, more = [], rows }: Props) {
  const columns = [...series.map(({ key, title }) => ({ key, title })), ...more.map((title) => ({ key: title, title }))]
  return (
    <>
      <thead>
        <tr>
          <th scope="col">time</th>
          {columns.map(({ key, title }) => (
            <th key={key} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, cells }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            {columns.map(({ key }, place) => (
              <td key={key}>{cells[place]}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </>
  )
}
