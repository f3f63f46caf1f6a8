/**
 * Triggers that send the key of a selector when one of its events is stored, so that subscriptions hear of it at once. They are for
 * latency alone: what is right does not depend on them.
 */
import type { Client } from 'pg'
import { literal } from '../../database/database.ts'
import { channel, isNotifying, notifyingTables, ownerColumns } from '../../sipis/notification.ts'
import type { SchemaVersion } from '../../sipis/schema-version.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { qualifiedName } from '../../sipis/schemas.ts'

/** The triggers are in the schema of the tables. */
function functionName(schemas: Schemas): string {
  const table = qualifiedName(schemas, 'sipcalls')
  return `${table.slice(0, table.lastIndexOf('.') + 1)}"${channel}"`
}

/**
 * Body of the trigger function. It never fails: a notification fails only if it is long, and its commit only if the queue of the server
 * is full, or if the transaction is prepared for a two-phase commit. It sends none in these cases.
 */
function bodyOf(version: SchemaVersion): string {
  return `BEGIN
  IF pg_catalog.current_setting('max_prepared_transactions') OPERATOR(pg_catalog.=) '0'
    AND pg_catalog.pg_notification_queue_usage() OPERATOR(pg_catalog.<) 0.5 THEN
    PERFORM pg_catalog.pg_notify(${literal(channel)}, pg_catalog.left(NEW.${ownerColumns[version]}::pg_catalog.text, 64));
  END IF;
  RETURN NULL;
END`
}

export interface TriggerState {
  readonly table: string
  readonly isInstalled: boolean
}

/** Installs or replaces all of it in one transaction, which waits at most five seconds for each table. */
export async function installTriggers(client: Client, version: SchemaVersion, schemas: Schemas): Promise<void> {
  const name = functionName(schemas)
  await inTransaction(client, async () => {
    await client.query(
      `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS ${literal(bodyOf(version))}`,
    )
    for (const table of notifyingTables) {
      const path = qualifiedName(schemas, table)
      await client.query(`DROP TRIGGER IF EXISTS ${channel} ON ${path}`)
      await client.query(
        `CREATE TRIGGER ${channel} AFTER INSERT OR UPDATE ON ${path} FOR EACH ROW EXECUTE PROCEDURE ${name}()`,
      )
    }
  })
}

/** Leaves nothing behind. */
export async function removeTriggers(client: Client, schemas: Schemas): Promise<void> {
  await inTransaction(client, async () => {
    for (const table of notifyingTables)
      await client.query(`DROP TRIGGER IF EXISTS ${channel} ON ${qualifiedName(schemas, table)}`)
    await client.query(`DROP FUNCTION IF EXISTS ${functionName(schemas)}()`)
  })
}

export async function findTriggers(client: Client, schemas: Schemas): Promise<TriggerState[]> {
  const paths = notifyingTables.map((table) => qualifiedName(schemas, table))
  const { rows } = await client.query<{ table: string; isInstalled: boolean }>({
    text: `SELECT t.name AS table, EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = to_regclass(t.path) AND ${isNotifying}) AS "isInstalled"
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t(name, path, n) ORDER BY t.n`,
    values: [[...notifyingTables], paths],
  })
  return rows
}

/** SIPIS waits for no longer than this, either. */
const lockTimeout = '5s'

async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query(`BEGIN; SET LOCAL lock_timeout = '${lockTimeout}'; SET LOCAL statement_timeout = '30s'`)
  try {
    await work()
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}
