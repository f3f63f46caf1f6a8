import type { Cell, DataTable } from './data-set.ts'

/** @param name with its schema, where the session does not search it */
export function copyStatement(
  { name: table, columns }: DataTable,
  source: 'STDIN' | "'/dev/blob'",
  name: string = table,
): string {
  return `COPY ${name} (${columns.join(', ')}) FROM ${source}`
}

const chunkLength = 64 * 1024

/** The rows of the first installations in the text format of COPY, in chunks. */
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
