import pg from 'pg'
import type { Statement } from './database.ts'
import { pinSearchPath, pinSearchPathLocally } from './search-path.ts'

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
  // Regular expressions and literals of the statements hold backslashes.
  standard_conforming_strings: "'on'",
  client_encoding:
    "CASE WHEN pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.=) 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END",
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
 * Pins the session's search_path, the text of its values, and the settings given. By a statement, not by start-up parameters,
 * because connection poolers refuse parameters that they do not know.
 *
 * Behind a pooler the session belongs to other programs as well, SIPIS perhaps: nothing is set then, and the statement is returned that
 * each batch has to begin with. It sets the same for one transaction.
 */
export async function prepareSession(client: pg.ClientBase, settings: Settings): Promise<Statement | undefined> {
  // During the set-up no other listener exists, and an error event without one would end the process.
  client.on('error', () => undefined)
  const all = { ...textOfValues, jit: "'off'", ...settings }
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

/** A pooler, such as PgBouncer, makes up the process id of a connection: the server's own is another one. */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: string | number }>('SELECT pg_catalog.pg_backend_pid() AS pid')
  const [row] = rows
  if (row === undefined) throw new Error('received invalid response: no process id')
  return client instanceof pg.Client && Number(row.pid) !== client.processID
}
