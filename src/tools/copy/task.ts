/** What is needed to copy a table, and the counts of its rows. Shared by `copy` and `check`, so that both report the same. */
import type { Value } from '../../database/database.ts'
import { factsOf, isUniqueInSource } from './catalogue.ts'
import type { CopyTable } from './plan.ts'
import type { TableCounts, TableReport } from './report.ts'
import type { Source } from './session.ts'
import type { Conversion, TableFacts, TableStatements } from './statements.ts'
import { converts, statementsOf } from './statements.ts'

/** A table, its statements and its duplicates. */
export interface Task {
  readonly table: CopyTable
  readonly statements: TableStatements
  /** Keys of the target that rows of the source would violate. */
  readonly duplicates: readonly (readonly string[])[]
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
  // Row numbers have no duplicates, nor have keys that are unique in the source.
  const open = facts.uniqueKeys.filter(
    (key) => !(key.includes(table.numbered?.column ?? '') || isUniqueInSource(table, key, sourceKeys)),
  )
  const duplicates: (readonly string[])[] = []
  for (const key of open) {
    const [[found] = []] = await query(statements.hasDuplicates(key))
    if (found === 't') duplicates.push(key)
  }
  return { table, statements, duplicates }
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
        const count = Number(good?.[2 + index] ?? 0)
        return note.kind === kind && count > 0 ? [[note.column, count]] : []
      }),
    )
  const counts: TableCounts = {
    table: table.name,
    rowsIn: rowsOut + rejects.reduce((sum, [, count]) => sum + count, 0) - Number(added),
    added: Number(added),
    rowsOut,
    rejects: Object.fromEntries(rejects),
    filled: noted('filled'),
    converted: noted('converted'),
  }
  return counts
}
