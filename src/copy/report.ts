import type { UnknownTable } from './catalogue.ts'
import type { Reason } from './plan.ts'

export type Mode = 'dry-run' | 'execute' | 'verify-only'

export interface Checksum {
  readonly rows: number
  /** Sums of hash halves. */
  readonly sums: string
}

/** What becomes of the rows of one table. */
export interface TableCounts {
  readonly table: string
  readonly rowsIn: number
  /** Rows that v2 has and v1 has not: entries named "server". */
  readonly added: number
  /** Rows that go, or would go. */
  readonly rowsOut: number
  readonly rejects: Partial<Record<Reason, number>>
  /** Nulls that v2 forbids, by column: they become '' or 0. */
  readonly filled: Record<string, number>
  /** Texts that are no UTF-8 and were converted, by column. */
  readonly converted: Record<string, number>
}

export interface TableReport extends TableCounts {
  readonly source: Checksum
  /** Undefined while nothing has been compared. */
  readonly target: Checksum | undefined
}

export interface CopyReport {
  readonly mode: Mode
  readonly source: string
  readonly target: string
  readonly tables: readonly TableReport[]
  readonly warnings: readonly string[]
  /** Tables of the source that nobody copies. */
  readonly unknownTables: readonly UnknownTable[]
  readonly rejectsFile: string | undefined
  /** Whether the target now holds the rows. */
  readonly committed: boolean
  /** How long each step took; a step that was not taken is 0. */
  readonly seconds: { readonly lookingThrough: number; readonly copying: number; readonly comparing: number }
  /** What keeps the exit code from being 0. */
  readonly problems: readonly string[]
}

/** Rows that cannot go, by reason over all tables. */
export function rejectsByReason(tables: readonly TableCounts[]): Map<Reason, number> {
  const found = new Map<Reason, number>()
  for (const { rejects } of tables) {
    for (const [reason, rows] of Object.entries(rejects) as [Reason, number][]) {
      found.set(reason, (found.get(reason) ?? 0) + rows)
    }
  }
  return found
}

export function isSame({ source, target }: TableReport): boolean {
  return target !== undefined && target.rows === source.rows && target.sums === source.sums
}

/** A line for each reason that rows cannot go, and for each change that rows undergo. */
export function describeCounts({ table, rejects, filled, converted }: TableCounts): string[] {
  return [
    ...Object.entries(rejects).map(([reason, count]) => `  ${table}: ${count} rows cannot go: ${reason}`),
    ...Object.entries(filled).map(
      ([column, count]) => `  ${table}.${column}: null in ${count} rows becomes empty or 0`,
    ),
    ...Object.entries(converted).map(
      ([column, count]) => `  ${table}.${column}: bytes of ${count} values were no UTF-8 and are converted`,
    ),
  ]
}
