import type { UnknownTable } from '../databases/catalogue.ts'
import type { Versions } from '../databases/versions.ts'
import type { Seconds } from '../phase.ts'
import type { Reason } from '../plan/plan.ts'
import { explanations } from '../plan/reasons.ts'

/** A rehearsal does everything but the commit. */
export type Mode = 'dry-run' | 'rehearse' | 'execute' | 'verify-only'

/** Whether rows are written, be it to be rolled back. */
export const writes = (mode: Mode): boolean => mode === 'execute' || mode === 'rehearse'

export interface Checksum {
  readonly rows: number
  /** Sum of the row hashes; independent of the row order. */
  readonly sum: string
}

/** Numbers of copied, rejected and changed rows of one table. */
export interface TableCounts {
  readonly table: string
  readonly rowsIn: number
  /** Rows that only v2 has: entries named "server". */
  readonly added: number
  /** Copied rows; in a dry run, rows that would be copied. */
  readonly rowsOut: number
  readonly rejects: Partial<Record<Reason, number>>
  /** Copied rows that got a new rowid, because an earlier row has theirs. */
  readonly renumbered: number
  /** Number of nulls by column that become '' or 0, because v2 forbids null. */
  readonly filled: Record<string, number>
  /** Number of texts with invalid UTF-8 by column that were converted. */
  readonly converted: Record<string, number>
}

export interface TableReport extends TableCounts {
  readonly source: Checksum
  /** Undefined if the tables were not compared. */
  readonly target: Checksum | undefined
}

export interface Lost {
  readonly table: string
  /** Number of selectors with rejected rows. */
  readonly selectors: number
  readonly rows: number
  /** A sentence about all of them. */
  readonly sentence: string
  /** The first selectors, in their order; the others are only counted. */
  readonly first: readonly string[]
}

export interface DiskEstimate {
  /** About as much as the target will need. */
  readonly neededBytes: number
  /** Null if the server of the target is another machine, or does not tell where its data is. */
  readonly freeBytes: number | null
}

export interface CopyReport {
  readonly mode: Mode
  readonly source: string
  readonly target: string
  readonly versions: Versions
  readonly tables: readonly TableReport[]
  readonly warnings: readonly string[]
  /** Non-empty tables of the source that are not copied. */
  readonly unknownTables: readonly UnknownTable[]
  readonly rejectsFile: string | undefined
  /** What users lose with the rejected rows. */
  readonly lost: readonly Lost[]
  /** Whether the copy was committed. */
  readonly committed: boolean
  readonly seconds: Seconds
  /** How long --execute takes: measured by a rehearsal, or estimated from the analysis. Null if it is not asked. */
  readonly expectedSeconds: number | null
  readonly disk: DiskEstimate | null
  /** Reasons for an exit code other than 0. */
  readonly problems: readonly string[]
}

/** Numbers of rejected rows of all tables, by reason. */
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
  return target !== undefined && target.rows === source.rows && target.sum === source.sum
}

/** A line for each reason for rejects, and for each change to rows. */
export function describeCounts({ table, rejects, renumbered, filled, converted }: TableCounts): string[] {
  return [
    ...(Object.entries(rejects) as [Reason, number][]).map(
      ([reason, count]) => `  ${table}: ${count} rows cannot be copied: ${reason} (${explanations[reason]})`,
    ),
    ...(renumbered === 0 ? [] : [`  ${table}: ${renumbered} rows share the rowid of another and get a new one`]),
    ...Object.entries(filled).map(
      ([column, count]) => `  ${table}.${column}: null in ${count} rows becomes empty or 0`,
    ),
    ...Object.entries(converted).map(
      ([column, count]) => `  ${table}.${column}: bytes of ${count} values were not UTF-8 and are converted`,
    ),
  ]
}
