import pg from 'pg'
import type { Statement } from './database.ts'
import { pinSearchPath, pinSearchPathLocally } from './search-path.ts'

/**
 * Settings that determine how PostgreSQL prints values, for every session that reads or copies.
 *
 * In an SQL_ASCII database, text columns may contain any bytes. With client_encoding UTF8, one invalid byte fails the whole
 * statement; with SQL_ASCII, bytes arrive unchanged and each value is decoded on its own.
 */
const textFormat: Settings = {
  TimeZone: "'UTC'",
  DateStyle: "'ISO, MDY'",
  extra_float_digits: "'3'",
  // Regular expressions and literals of the statements hold backslashes.
  standard_conforming_strings: "'on'",
  client_encoding:
    "CASE WHEN pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.=) 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END",
}

/** SQL expressions of values, by name of the setting. */
export type Settings = Readonly<Record<string, string>>

/**
 * Settings for a session that serves requests: read-only, with time limits.
 *
 * No parallel workers, because with them one scan takes three processors, and SIPIS needs the workers as well.
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

/**
 * Settings for the session that computes statistics. Its groups are few, but the planner takes them for many and would sort all rows
 * on the server's disk: without sorting it counts them in memory.
 */
export function statisticsSettings(statementTimeoutMs: number): Settings {
  return { ...readingSettings(statementTimeoutMs), work_mem: "'64MB'", enable_sort: "'off'" }
}

/**
 * Settings for a session that copies whole tables: its statements take as long as they take. With row_security off the server refuses
 * a statement that a policy would hide rows from. The server probes the connection as well, so that a client that has died holds no lock.
 */
export function copyingSettings(lockTimeoutMs: number): Settings {
  return {
    row_security: "'off'",
    tcp_keepalives_idle: "'10'",
    tcp_keepalives_interval: "'5'",
    tcp_keepalives_count: "'6'",
    work_mem: "'64MB'",
    maintenance_work_mem: "'256MB'",
    default_tablespace: "''",
    statement_timeout: "'0'",
    lock_timeout: `'${lockTimeoutMs}'`,
    idle_in_transaction_session_timeout: "'0'",
  }
}

/**
 * Sets the search_path, the format of values and the given settings of a session. Uses a statement instead of start-up parameters,
 * because connection poolers reject unknown parameters.
 *
 * @returns undefined; behind a pooler, a statement that must begin each batch and applies the same settings to one transaction. The
 *   session itself is not changed then, because other programs use it as well.
 */
export async function prepareSession(client: pg.ClientBase, settings: Settings): Promise<Statement | undefined> {
  const all = { ...textFormat, jit: "'off'", ...settings }
  if (await isPooled(client)) return prologueOf(all)
  await client.query(`${pinSearchPath} SELECT ${setAll(all, false).join(', ')}`)
  return undefined
}

function setAll(settings: Settings, isLocal: boolean): string[] {
  return Object.entries(settings).map(([name, value]) => `pg_catalog.set_config('${name}', ${value}, ${isLocal})`)
}

function prologueOf({ default_transaction_read_only: readOnly, ...settings }: Settings): Statement {
  const ofTransaction = readOnly === undefined ? settings : { ...settings, transaction_read_only: readOnly }
  return { text: `SELECT ${[...pinSearchPathLocally, ...setAll(ofTransaction, true)].join(', ')}`, values: [] }
}

/** Detects a pooler, such as PgBouncer: the process id that it reports differs from that of the server. */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: string | number }>('SELECT pg_catalog.pg_backend_pid() AS pid')
  const [row] = rows
  if (row === undefined) throw new Error('received invalid response: no process id')
  return client instanceof pg.Client && Number(row.pid) !== client.processID
}
