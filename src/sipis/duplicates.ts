import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { DatabaseError } from '../errors/database-error.ts'
import type { Detected } from './detect.ts'
import type { SchemaVersion } from './schema-version.ts'
import { qualified } from './schemas.ts'
import { isUnique } from './unique-keys.ts'

/** Columns that readers assume to be unique, whether or not the database enforces it. */
interface Assumption {
  readonly table: string
  readonly columns: readonly string[]
  /** What readers do with rows that violate it. */
  readonly effect: string
}

export interface Duplicates extends Assumption {
  /** How many values occur more than once, up to 1,000; null if the table could not be searched in time. */
  readonly values: number | null
}

const rowids = (...tables: string[]): Assumption[] =>
  tables.map((table) => ({
    table,
    columns: ['rowid'],
    effect: 'A list may skip or repeat such rows between two pages, and an id refers to only one of them.',
  }))

export const assumptions: Readonly<Record<SchemaVersion, readonly Assumption[]>> = {
  V1: [
    {
      table: 'selectors',
      columns: ['id'],
      effect: 'The rows of such a selector are listed once for each of its rows.',
    },
    {
      table: 'selectors',
      columns: ['selector'],
      effect: 'Each of its rows is listed, but an id refers to only one of them.',
    },
    ...rowids('tokens', 'sipcalls', 'siptextmessages'),
    { table: 'pushtests', columns: ['id', 'pushid'], effect: 'An id refers to only one of such push tests.' },
  ],
  V2: [
    { table: 'selectors', columns: ['selector'], effect: 'Only the row that was seen last is served.' },
    ...rowids('tokens', 'sipcalls', 'siptextmessages', 'pushtests'),
    { table: 'pushtests', columns: ['selector', 'pushid'], effect: 'An id refers to only one of such push tests.' },
  ],
}

/**
 * Searches for duplicates that readers do not expect, in tables without a unique key that prevents them.
 *
 * @param timeoutMs time limit for each table, which is read as a whole
 */
export async function findDuplicates(database: Database, detected: Detected, timeoutMs: number): Promise<Duplicates[]> {
  const found: Duplicates[] = []
  for (const assumption of assumptions[detected.version]) {
    if (isUnique(detected.keys, assumption.table, assumption.columns)) continue
    const values = await count(database, detected, assumption, timeoutMs)
    if (values !== 0) found.push({ ...assumption, values })
  }
  return found
}

async function count(database: Database, { schemas }: Detected, { table, columns }: Assumption, timeoutMs: number) {
  const list = sql.raw(columns.join(', '))
  const statement = sql`SELECT count(*) FROM (SELECT FROM ${qualified(schemas, table)}
    WHERE (${list}) IS NOT NULL GROUP BY ${list} HAVING count(*) > 1 LIMIT 1000) AS repeated`
  try {
    const [counted] = await database.query(statement, AbortSignal.timeout(timeoutMs))
    return Number(counted?.[0])
  } catch (error) {
    // Too slow, or a foreign table whose server cannot be reached. Reported as unknown.
    if (error instanceof DatabaseError) return null
    throw error
  }
}

/** The duplicates as a sentence for an operator. */
export function describeDuplicates({ table, columns, values, effect }: Duplicates): string {
  const key = `${table} (${columns.join(', ')})`
  if (values === null)
    return `No unique key prevents duplicates in ${key}, and the table could not be searched in time. If there are any: ${effect}`
  return `${values === 1000 ? 'At least 1000' : values} ${values === 1 ? 'value occurs' : 'values occur'} more than once in ${key}. ${effect} Remove the duplicates, and add a unique key.`
}
