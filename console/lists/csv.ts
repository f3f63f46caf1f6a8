/** Texts of CSV files for spreadsheets. */
import { formatTime } from '../parts/format.ts'

export interface Column<Of> {
  readonly title: string
  readonly value: (item: Of) => string | number | null
  /** Whether the value is a time, which is written in UTC and in the zone of the page. */
  readonly isTime?: boolean
}

/** After RFC 4180, with a byte order mark, by which spreadsheets know that it is UTF-8. */
export function csvOf<Of>(columns: readonly Column<Of>[], items: readonly Of[], zone: string): string {
  const titles = columns.flatMap(({ title, isTime }) =>
    isTime === true ? [`${title} (UTC)`, `${title} (${zone})`] : [title],
  )
  const rows = items.map((item) => columns.flatMap((column) => cellsOf(column, item, zone)))
  return `\ufeff${[titles, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n')}\r\n`
}

function cellsOf<Of>({ value, isTime }: Column<Of>, item: Of, zone: string): string[] {
  const found = value(item)
  if (isTime !== true) return [found === null ? '' : harmless(found)]
  return found === null ? ['', ''] : [String(found), formatTime(String(found), zone)]
}

/** Spreadsheets execute texts that begin like a formula, and callers choose their names. A number stays a number. */
function harmless(value: string | number): string {
  if (typeof value === 'number') return String(value)
  return /^[=+\-@\t\r\n|]/.test(value.trimStart()) || /^[\t\r\n]/.test(value) ? `'${value}` : value
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
