/** What the triggers of `sipis-gateway notify` and the gateway that listens to them have in common. */
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { SchemaVersion } from './schema-version.ts'

/** Also the name of the trigger function and of its triggers. */
export const channel = 'sipis_gateway_changes'

/** The tables whose changes are events. */
export const notifyingTables = ['sipcalls', 'siptextmessages', 'pushtests'] as const

/** Their column with the key of the selector. */
export const ownerColumns: Readonly<Record<SchemaVersion, string>> = { V1: 'id', V2: 'selector' }

/** A trigger that fires, as a condition on pg_trigger. */
export const isNotifying = `tgname = '${channel}' AND tgenabled IN ('O', 'A')`

export async function hasTriggers(database: Database): Promise<boolean> {
  const [[found] = []] = await database.query(sql`SELECT EXISTS (SELECT FROM pg_trigger WHERE ${sql.raw(isNotifying)})`)
  return found === 't'
}
