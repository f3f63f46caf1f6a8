import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { DatabaseError } from '../errors/database-error.ts'
import type { Detected } from './detect.ts'
import type { SchemaVersion } from './schema-version.ts'
import { qualified } from './schemas.ts'
import { isUnique } from './unique-keys.ts'

/** Columns that readers take for unique, whether the database keeps them so or not. */
interface Promised {
  readonly table: string
  readonly columns: readonly string[]
  /** What becomes of rows that break it. */
  readonly effect: string
}

export interface Duplicates extends Promised {
  /** How many values are there more than once, up to 1,000; null where the table could not be read in time. */
  readonly values: number | null
}

const rowids = (...tables: string[]): Promised[] =>
  tables.map((table) => ({
    table,
    columns: ['rowid'],
    effect: 'A list may skip or repeat such rows between two pages, and an id stands for one of them.',
  }))

export const promises: Readonly<Record<SchemaVersion, readonly Promised[]>> = {
  V1: [
    {
      table: 'selectors',
      columns: ['id'],
      effect: 'The rows of such a selector are listed once for each of its rows.',
    },
    {
      table: 'selectors',
      columns: ['selector'],
      effect: 'Each of its rows is listed, but an id stands for one of them.',
    },
    ...rowids('tokens', 'sipcalls', 'siptextmessages'),
    { table: 'pushtests', columns: ['id', 'pushid'], effect: 'An id stands for one of such push tests.' },
  ],
  V2: [
    { table: 'selectors', columns: ['selector'], effect: 'Only the row that was seen last is served.' },
    ...rowids('tokens', 'sipcalls', 'siptextmessages', 'pushtests'),
    { table: 'pushtests', columns: ['selector', 'pushid'], effect: 'An id stands for one of such push tests.' },
  ],
}

/**
 * Looks for rows that break what readers rely on, in tables where no unique key of the database forbids them.
 *
 * @param timeoutMs for each table; it is read as a whole
 */
export async function findDuplicates(database: Database, detected: Detected, timeoutMs: number): Promise<Duplicates[]> {
  const found: Duplicates[] = []
  for (const promise of promises[detected.version]) {
    if (isUnique(detected.keys, promise.table, promise.columns)) continue
    const values = await count(database, detected, promise, timeoutMs)
    if (values !== 0) found.push({ ...promise, values })
  }
  return found
}

async function count(database: Database, { schemas }: Detected, { table, columns }: Promised, timeoutMs: number) {
  const list = sql.raw(columns.join(', '))
  const statement = sql`SELECT count(*) FROM (SELECT FROM ${qualified(schemas, table)}
    WHERE (${list}) IS NOT NULL GROUP BY ${list} HAVING count(*) > 1 LIMIT 1000) AS repeated`
  try {
    const [counted] = await database.query(statement, AbortSignal.timeout(timeoutMs))
    return Number(counted?.[0])
  } catch (error) {
    // Too slow, or a foreign table whose server is away: what is not known is said.
    if (error instanceof DatabaseError) return null
    throw error
  }
}

/** The duplicates as a sentence for an operator. */
export function describeDuplicates({ table, columns, values, effect }: Duplicates): string {
  const key = `${table} (${columns.join(', ')})`
  if (values === null)
    return `No unique key forbids duplicates in ${key}, and the table could not be read in time to look for some. If there are any: ${effect}`
  return `${values === 1000 ? 'At least 1000' : values} ${values === 1 ? 'value is' : 'values are'} more than once in ${key}. ${effect} Remove the duplicates, and add a unique key.`
}
