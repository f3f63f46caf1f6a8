/** Previews what a copy of a v1 database would reject, without a target. Assumes one that `init` creates, in UTF8. */
import type { Database } from '../../../database/database.ts'
import { DatabaseError } from '../../../errors/database-error.ts'
import type { Detected } from '../../../sipis/detect.ts'
import { reasonWords } from '../../../sipis/missed-reason.ts'
import type { SchemaVersion } from '../../../sipis/schema-version.ts'
import { hasSharedIds, sharedIdsRefusal } from '../databases/begin.ts'
import { initialFacts } from '../databases/catalogue.ts'
import type { Source } from '../databases/session.ts'
import type { Conversion } from '../plan/conversion.ts'
import type { CopyTable } from '../plan/plan.ts'
import { copyPlan } from '../plan/plan.ts'
import type { TableFacts } from '../plan/statements.ts'
import { countsOf, sourceKeysOf, taskOf } from '../plan/task.ts'
import { harmfulRows } from './acceptance.ts'
import type { TableCounts } from './report.ts'
import { absentWarnings, columnWarnings, serverWarnings } from './warnings.ts'

export interface CopyPreview {
  /** Whether `copy` accepts the database as it is; null if a table could not be counted. */
  readonly possible: boolean | null
  /** Why the database cannot be copied at all. */
  readonly refusals: readonly string[]
  /** The counts of a dry run; tables that could not be counted are left out. */
  readonly tables: readonly TableCounts[]
  readonly warnings: readonly string[]
  /** What could not be counted, and why: `timeout`, or the message of the server. */
  readonly uncounted: readonly { readonly what: string; readonly why: string }[]
  /** Tables that the role may not read. */
  readonly unreadable: readonly string[]
}

export interface PreviewOptions {
  readonly label: string
  /** Time limit for the statements of one table. */
  readonly timeoutMs: number
  readonly onTable: (table: string) => void
}

async function previewCopy(
  database: Database,
  { encoding, schemas, unreadable: notReadable }: Detected,
  { label, timeoutMs, onTable }: PreviewOptions,
): Promise<CopyPreview> {
  // The default of copy. It matters, because contents decide which of two rows with the same key is copied.
  const plan = copyPlan({ encoding, schemas, missedReason: reasonWords.MISSED, used: new Map() })
  const present = plan.filter(({ name }) => schemas.has(name))
  const readable = present.filter(({ name }) => !notReadable.has(name))
  const unreadable = present.map(({ name }) => name).filter((name) => notReadable.has(name))
  const uncounted: { what: string; why: string }[] = []
  /** Runs statements with the time limit. If they fail, adds to `uncounted`. */
  const within = async <T>(what: string, work: (source: Source) => Promise<T>): Promise<T | undefined> => {
    const signal = AbortSignal.timeout(timeoutMs)
    const query: Source['query'] = async (text, values = []) =>
      (await database.query({ text, values }, signal)).map((row) => [...row])
    try {
      return await work({ schemas, query })
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
  let sourceKeys: ReadonlyMap<string, TableFacts> | undefined
  for (const table of readable) {
    onTable(table.name)
    const counts = await within(table.name, async (source) => {
      sourceKeys ??= await sourceKeysOf(source, readable, conversion)
      return countTable(table, sourceKeys, conversion, source)
    })
    if (counts !== undefined) tables.push(counts)
  }
  const hasRestart = readable.some(({ name }) => name === 'restart')
  const servers = hasRestart ? await within('restart.server', serverWarnings) : undefined
  const names = readable.map(({ name }) => name)
  const columns = await within('columns', (source) => columnWarnings(source, names, 'V1'))
  const rejected = harmfulRows(tables) > 0
  const unknown = uncounted.length + unreadable.length > 0
  return {
    possible: rejected ? false : unknown ? null : true,
    refusals: [],
    tables,
    warnings: [...absentWarnings(plan, schemas), ...(columns ?? []), ...(servers ?? [])],
    uncounted,
    unreadable,
  }
}

async function countTable(
  table: CopyTable,
  sourceKeys: ReadonlyMap<string, TableFacts>,
  conversion: Conversion,
  source: Source,
): Promise<TableCounts> {
  const task = await taskOf(table, initialFacts(table.name), sourceKeys, conversion, source)
  return countsOf(task, await source.query(task.statements.counts(task.collisions)), source)
}

const nothing = { refusals: [], tables: [], warnings: [], uncounted: [], unreadable: [] }

/** The preview for a source of each version; null for the newest, which is the target of a copy. */
export const previews: Readonly<
  Record<SchemaVersion, (...parameters: Parameters<typeof previewCopy>) => Promise<CopyPreview | null>>
> = { V1: previewCopy, V2: async () => null }
