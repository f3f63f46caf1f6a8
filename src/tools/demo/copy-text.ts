import type { Cell, DataTable } from './data-set.ts'

/** @param name qualified with its schema if that is not in the search_path */
export function copyStatement(
  { name: table, columns }: DataTable,
  source: 'STDIN' | "'/dev/blob'",
  name: string = table,
): string {
  return `COPY ${name} (${columns.join(', ')}) FROM ${source}`
}

const chunkLength = 64 * 1024

/**
 * Generates rows in COPY's text format, in chunks of about 64 KiB.
 *
 * @param installations number of installations, from the first
 * @param progress called with the total rows and bytes so far
 */
export function* copyText(
  table: DataTable,
  installations: number,
  progress?: (rows: number, bytes: number) => void,
): Generator<string> {
  let chunk = ''
  let rows = 0
  let bytes = 0
  for (let installation = 0; installation < installations; installation++) {
    for (const row of table.rowsOf(installation)) {
      chunk += `${row.map(cellText).join('\t')}\n`
      rows++
    }
    if (chunk.length < chunkLength) continue
    bytes += Buffer.byteLength(chunk)
    yield chunk
    progress?.(rows, bytes)
    chunk = ''
  }
  if (chunk !== '') yield chunk
  bytes += Buffer.byteLength(chunk)
  progress?.(rows, bytes)
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function cellText(cell: Cell): string {
  if (cell === null) return '\\N'
  if (typeof cell === 'number') return String(cell)
  return cell.replaceAll(/[\\\t\n\r]/g, (character) => escapes[character] ?? character)
}
