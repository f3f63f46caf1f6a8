/** What differs between a copy from v1 to v2 and one on the way back. */
import type { newestVersion, SchemaVersion } from '../../../sipis/schema-version.ts'
import { qualifiedName } from '../../../sipis/schemas.ts'
import * as v1 from '../../../sipis/v1/tables.ts'
import * as v2 from '../../../sipis/v2/tables.ts'
import type { Session, Source } from '../databases/session.ts'
import type { CopyOptions } from '../options.ts'
import { serverWarnings } from '../report/warnings.ts'
import { backPlan, backWarnings } from './back-plan.ts'
import type { CopyTable } from './plan.ts'
import { copiedTables, copyPlan } from './plan.ts'

/** What a copy writes; does not compile beside a newer version, of which plan.ts has to say what is written. */
const written: typeof newestVersion = 'V2'

export interface Direction {
  readonly source: SchemaVersion
  readonly target: SchemaVersion
  /** Tables of the target's version. */
  readonly tables: Readonly<Record<string, unknown>>
  /** Column of selectors that the rows of the source refer to. */
  readonly owner: 'id' | 'selector'
  /** Of the largest numbers that the source has given out, those that the target has to go on from. */
  numbersFor(target: Session, used: ReadonlyMap<string, bigint>): Promise<ReadonlyMap<string, bigint>>
  plan(source: Session, target: Session, options: CopyOptions, used: ReadonlyMap<string, bigint>): Promise<CopyTable[]>
  /** What does not prevent the copy. The source may lack tables. */
  warnings(source: Source): Promise<string[]>
}

const forth: Direction = {
  source: 'V1',
  target: written,
  tables: v2,
  owner: 'id',
  numbersFor: async (_, used) => used,
  plan: async (source, _, { missedReason }, used) => copyPlan({ ...source, missedReason, used }),
  warnings: async (source) => (source.schemas.has('restart') ? serverWarnings(source) : []),
}

const back: Direction = {
  source: 'V2',
  target: 'V1',
  tables: v1,
  owner: 'selector',
  // Rows with larger numbers are rejected, and a sequence beyond them could not give any.
  numbersFor: async (target, used) => {
    const wide = await wideRowids(target)
    return new Map([...used].filter(([table, largest]) => wide.has(table) || largest <= largestInteger))
  },
  plan: async (source, target, _, used) => backPlan({ ...source, used, wideRowids: await wideRowids(target) }),
  warnings: backWarnings,
}

export function directionOf({ back: isBack }: Pick<CopyOptions, 'back'>): Direction {
  return isBack === true ? back : forth
}

const largestInteger = 2_147_483_647n

async function wideRowids({ query, schemas }: Session): Promise<ReadonlySet<string>> {
  const names = copiedTables.filter((name) => schemas.has(name))
  const rows = await query(
    `SELECT c.relname FROM unnest($1::text[]) AS t(path) JOIN pg_class c ON c.oid = to_regclass(path)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'rowid' AND a.atttypid IN ('bigint'::regtype, 'numeric'::regtype)`,
    [names.map((name) => qualifiedName(schemas, name))],
  )
  return new Set(rows.map(([name]) => String(name)))
}
