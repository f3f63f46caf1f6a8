import type pg from 'pg'
import { pinSearchPath } from './search-path.ts'

/**
 * What the text of a value depends on, for every session that reads or copies.
 *
 * In an SQL_ASCII database any byte may stand in a text column. With client_encoding UTF8 one invalid byte fails the whole
 * statement; with SQL_ASCII the bytes arrive as they are, and each value is decoded on its own.
 */
const textOfValues: Settings = {
  TimeZone: "'UTC'",
  DateStyle: "'ISO, MDY'",
  extra_float_digits: "'3'",
  client_encoding: "CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END",
}

/** Names of settings, and SQL expressions of their values. */
export type Settings = Readonly<Record<string, string>>

/**
 * Settings for a session that serves requests: it can only read, and its waits are bounded.
 *
 * A scan has one process of the server: parallel workers are SIPIS's as well, and with them one scan takes three processors.
 */
export function readingSettings(statementTimeoutMs: number): Settings {
  const timeout = `'${statementTimeoutMs}'`
  return {
    default_transaction_read_only: "'on'",
    statement_timeout: timeout,
    lock_timeout: timeout,
    idle_in_transaction_session_timeout: timeout,
    max_parallel_workers_per_gather: "'0'",
  }
}

/** Settings for a session that copies whole tables: its statements take as long as they take. */
export function copyingSettings(lockTimeoutMs: number): Settings {
  return {
    work_mem: "'64MB'",
    statement_timeout: "'0'",
    lock_timeout: `'${lockTimeoutMs}'`,
    idle_in_transaction_session_timeout: "'0'",
  }
}

/**
 * Pins the session's search_path, the text of its values, and the settings given. By a statement, not by start-up parameters,
 * because connection poolers refuse parameters that they do not know.
 */
export async function prepareSession(client: pg.ClientBase, settings: Settings): Promise<void> {
  // During the set-up no other listener exists, and an error event without one would end the process.
  client.on('error', () => undefined)
  const all = Object.entries({ ...textOfValues, jit: "'off'", ...settings })
  const calls = all.map(([name, value]) => `set_config('${name}', ${value}, false)`)
  await client.query(`${pinSearchPath} SELECT ${calls.join(', ')}`)
}
