/** Inserts hand-written rows into either version. Omitted values are null in v1, and empty in v2, which does not allow null. */

import { dataSet } from '../../src/tools/demo/data-set.ts'
import type { DataSetOptions } from '../../src/tools/demo/options.ts'
import { defaultDataSet } from '../../src/tools/demo/options.ts'
import type { Opened } from './database.ts'

type Target = Pick<Opened, 'version' | 'sql'>
type Cells = Readonly<Record<string, unknown>>

/** Selectors by number, in the real format. */
export function selectorNamed(number: number): string {
  return `12869E0E6E553673C54F29105A0647204C416A2A:${number.toString(16).toUpperCase().padStart(8, '0')}`
}

export async function addSelector(target: Target, number: number, cells: Cells = {}): Promise<void> {
  await insert(target, 'selectors', { id: number, selector: selectorNamed(number), ...cells })
}

const emptyPeer = { scheme: '', userdisplayname: '', username: '', domain: '', domainport: 0 }

const required: Readonly<Record<string, Cells>> = {
  sipcalls: { ...emptyPeer, callid: '', missedreason: 'Missed' },
  siptextmessages: { ...emptyPeer, msgid: '', contenttype: '', headers: '', body: '' },
  pushtests: {},
  tokens: {},
}

export type OwnedTable = 'tokens' | 'sipcalls' | 'siptextmessages' | 'pushtests'

/** Adds a row of the selector with this number. */
export async function addRow(target: Target, table: OwnedTable, number: number, cells: Cells): Promise<void> {
  const { version } = target
  const link = version === 'V1' ? { id: number } : { selector: selectorNamed(number) }
  const filled = version === 'V1' ? cells : { ...required[table], ...cells }
  const { rowid, missedreason, ...rest } = filled
  await insert(target, table, {
    ...link,
    ...rest,
    ...(rowid === undefined || (version === 'V1' && table === 'pushtests') ? {} : { rowid }),
    ...(missedreason === undefined || version === 'V1' ? {} : { missedreason }),
  })
}

async function insert({ sql }: Target, table: string, cells: Cells): Promise<void> {
  const names = Object.keys(cells)
  const places = names.map((_, index) => `$${index + 1}`)
  await sql(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')})`, Object.values(cells))
}

/** The demo data set, row by row. */
export async function addDataSet(
  target: Target,
  options: Partial<DataSetOptions> & { selectors: number },
): Promise<void> {
  const all = { ...defaultDataSet, ...options }
  for (const { name, columns, rowsOf } of dataSet(target.version, all)) {
    const rows = Array.from({ length: all.selectors }, (_, installation) => rowsOf(installation)).flat()
    for (let from = 0; from < rows.length; from += 500) {
      const tuples = rows.slice(from, from + 500).map((row) => `(${row.map(literal).join(', ')})`)
      await target.sql(`INSERT INTO ${name} (${columns.join(', ')}) VALUES ${tuples.join(', ')}`)
    }
  }
}

function literal(cell: string | number | null): string {
  if (cell === null) return 'NULL'
  return typeof cell === 'number' ? String(cell) : `E'${cell.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
