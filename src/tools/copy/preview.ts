/** Foresees what a copy of a v1 database would leave behind, without a target: it supposes one that `init` makes, in UTF8. */
import type { Database } from '../../database/database.ts'
import { DatabaseError } from '../../errors/database-error.ts'
import type { Detected } from '../../sipis/detect.ts'
import { reasonWords } from '../../sipis/missed-reason.ts'
import type { SchemaVersion } from '../../sipis/schema-version.ts'
import { encodingRefusal, hasSharedIds, sharedIdsRefusal } from './begin.ts'
import { madeFacts } from './catalogue.ts'
import { countsOf, keysOf, taskOf } from './look-through.ts'
import type { CopyTable } from './plan.ts'
import { copyPlan } from './plan.ts'
import type { TableCounts } from './report.ts'
import type { Source } from './session.ts'
import type { Conversion, TableFacts } from './statements.ts'
import { absentWarnings, serverWarnings } from './warnings.ts'

export interface CopyPreview {
  /** Whether `copy` accepts the database as it is; null where a table could not be counted. */
  readonly possible: boolean | null
  /** Why no row can go at all. */
  readonly refusals: readonly string[]
  /** The counts of a dry run; tables that could not be counted are left out. */
  readonly tables: readonly TableCounts[]
  readonly warnings: readonly string[]
  /** What could not be counted, and why: `timeout`, or PostgreSQL's words. */
  readonly uncounted: readonly { readonly what: string; readonly why: string }[]
  /** Tables that the role may not read. */
  readonly unreadable: readonly string[]
}

export interface PreviewOptions {
  readonly label: string
  /** For the statements of one table. */
  readonly timeoutMs: number
  readonly looking: (table: string) => void
}

async function previewCopy(
  database: Database,
  { encoding, schemas, unreadable: notReadable }: Detected,
  { label, timeoutMs, looking }: PreviewOptions,
): Promise<CopyPreview> {
  const refusal = encodingRefusal(encoding, label)
  if (refusal !== undefined) return { ...nothing, possible: false, refusals: [refusal] }

  // The default of copy: a word of the row decides with the others which of two rows of one key goes.
  const plan = copyPlan({ encoding, schemas, missedReason: reasonWords.MISSED })
  const there = plan.filter(({ name }) => schemas.has(name))
  const readable = there.filter(({ name }) => !notReadable.has(name))
  const unreadable = there.map(({ name }) => name).filter((name) => notReadable.has(name))
  const uncounted: { what: string; why: string }[] = []
  /** What cannot be known in time is said, not guessed. */
  const within = async <T>(what: string, work: (source: Source) => Promise<T>): Promise<T | undefined> => {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      return await work({ schemas, query: (text, values = []) => database.query({ text, values }, signal) })
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      uncounted.push({ what, why: ['timeout', 'slow'].includes(error.failure) ? 'timeout' : error.message })
      return undefined
    }
  }

  if (await within('selectors.id', hasSharedIds))
    return { ...nothing, possible: false, refusals: [sharedIdsRefusal(label)], unreadable }
  const conversion: Conversion = { sourceEncoding: encoding, targetEncoding: 'UTF8', invalidBytes: 'reject' }
  const tables: TableCounts[] = []
  let kept: ReadonlyMap<string, TableFacts> | undefined
  for (const table of readable) {
    looking(table.name)
    const counts = await within(table.name, async (source) => {
      kept ??= await keysOf(source, readable, conversion)
      return countTable(table, kept, conversion, source)
    })
    if (counts !== undefined) tables.push(counts)
  }
  const hasRestart = readable.some(({ name }) => name === 'restart')
  const servers = hasRestart ? await within('restart.server', serverWarnings) : undefined
  const rejected = tables.some(({ rejects }) => Object.keys(rejects).length > 0)
  const unknown = uncounted.length + unreadable.length > 0
  return {
    possible: rejected ? false : unknown ? null : true,
    refusals: [],
    tables,
    warnings: [...absentWarnings(plan, schemas), ...(servers ?? [])],
    uncounted,
    unreadable,
  }
}

async function countTable(
  table: CopyTable,
  kept: ReadonlyMap<string, TableFacts>,
  conversion: Conversion,
  source: Source,
): Promise<TableCounts> {
  const task = await taskOf(table, madeFacts(table.name), kept, conversion, source)
  return countsOf(task, await source.query(task.statements.counts(task.duplicates)), source)
}

const nothing = { refusals: [], tables: [], warnings: [], uncounted: [], unreadable: [] }

/** What becomes of a database of each version when it is copied into the newest one; null where it has nowhere to go. */
export const previews: Readonly<
  Record<SchemaVersion, (...parameters: Parameters<typeof previewCopy>) => Promise<CopyPreview | null>>
> = { V1: previewCopy, V2: async () => null }
