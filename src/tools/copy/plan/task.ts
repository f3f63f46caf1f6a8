/** What is needed to copy a table, and the counts of its rows. Shared by `copy` and `check`, so that both report the same. */
import type { Value } from '../../../database/database.ts'
import { factsOf, isUniqueInSource } from '../databases/catalogue.ts'
import type { Source } from '../databases/session.ts'
import type { TableCounts, TableReport } from '../report/report.ts'
import type { Conversion } from './conversion.ts'
import { converts } from './conversion.ts'
import type { CopyTable } from './plan.ts'
import type { Collisions, TableFacts, TableStatements, UniqueKey } from './statements.ts'
import { statementsOf } from './statements.ts'

/** A table, its statements and the rows that would collide. */
export interface Task {
  readonly table: CopyTable
  readonly statements: TableStatements
  readonly collisions: Collisions
}

/** A table whose rows have been analysed. */
export interface AnalysedTask extends Task {
  readonly report: TableReport
}

/** The unique keys of the source, for which duplicates need not be searched. Empty if texts are converted. */
export async function sourceKeysOf(
  source: Source,
  tables: readonly CopyTable[],
  conversion: Conversion,
): Promise<ReadonlyMap<string, TableFacts>> {
  // Different texts may become equal.
  if (converts(conversion)) return new Map()
  const facts = new Map<string, TableFacts>()
  for (const { name } of tables) facts.set(name, await factsOf(source, name))
  return facts
}

/** @param facts of the table in the target */
export async function taskOf(
  table: CopyTable,
  facts: TableFacts,
  sourceKeys: ReadonlyMap<string, TableFacts>,
  conversion: Conversion,
  { query }: Source,
): Promise<Task> {
  const statements = statementsOf(table, facts, conversion)
  const known = facts.uniqueKeys.filter((key) => isKnown(table, key))
  const violated: UniqueKey[] = []
  for (const key of known) {
    // Row numbers have no duplicates, nor have keys that are unique in the source.
    if (key.columns.includes(table.numbered?.column ?? '') || isUniqueInSource(table, key, sourceKeys)) continue
    const [[found] = []] = await query(statements.hasDuplicates(key))
    if (found === 't') violated.push(key)
  }
  const [rowids, keys] = [violated.filter(hasRowid), violated.filter((key) => !hasRowid(key))]
  return { table, statements, collisions: { keys, rowids: rowids.length > 0 } }
}

/** A number of its own lets a row satisfy any key with a rowid. */
function hasRowid({ columns }: UniqueKey): boolean {
  return columns.includes('rowid')
}

/** Whether a copy fills all columns of the key. */
export function isKnown(table: CopyTable, { columns }: UniqueKey): boolean {
  const filled = [table.numbered?.column, ...table.columns.map(({ name }) => name)]
  return columns.every((column) => filled.includes(column))
}

/** @param rows result of the statement `counts` or `analysis`, which begin with the same columns */
export async function countsOf({ table, statements }: Task, rows: readonly Value[][], { query }: Source) {
  const [[added] = []] = table.added === undefined ? [['0']] : await query(table.added)
  const good = rows.find(([reason]) => reason === null)
  const rejects = rows.flatMap(([reason, count]) => (reason == null ? [] : [[reason, Number(count)] as const]))
  const rowsOut = Number(good?.[1] ?? 0)
  const noted = (kind: 'filled' | 'converted') =>
    Object.fromEntries(
      statements.noted.flatMap((note, index) => {
        const count = Number(good?.[3 + index] ?? 0)
        return note.kind === kind && count > 0 ? [[note.column, count]] : []
      }),
    )
  const counts: TableCounts = {
    table: table.name,
    rowsIn: rowsOut + rejects.reduce((sum, [, count]) => sum + count, 0) - Number(added),
    added: Number(added),
    rowsOut,
    rejects: Object.fromEntries(rejects),
    renumbered: Number(good?.[2] ?? 0),
    filled: noted('filled'),
    converted: noted('converted'),
  }
  return counts
}
