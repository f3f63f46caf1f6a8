import type pg from 'pg'
import { pinSearchPath } from './search-path.ts'

/**
 * Makes a session that can only read. It is set up by a statement, not by start-up parameters, for connection poolers refuse
 * parameters that they do not know.
 *
 * In an SQL_ASCII database any byte may stand in a text column. With client_encoding UTF8 one invalid byte fails the whole
 * statement; with SQL_ASCII the bytes arrive as they are, and the driver decodes each value on its own.
 *
 * A scan has one process of the server: its workers are SIPIS's as well, and with them one scan takes three processors.
 */
export async function prepareSession(client: pg.ClientBase, statementTimeoutMs: number): Promise<void> {
  // While the session is set up, nobody else listens for its end.
  client.on('error', () => undefined)
  await client.query(`${pinSearchPath} SELECT
    set_config('default_transaction_read_only', 'on', false),
    set_config('statement_timeout', '${statementTimeoutMs}', false),
    set_config('lock_timeout', '${statementTimeoutMs}', false),
    set_config('idle_in_transaction_session_timeout', '${statementTimeoutMs}', false),
    set_config('TimeZone', 'UTC', false),
    set_config('DateStyle', 'ISO, MDY', false),
    set_config('jit', 'off', false),
    set_config('max_parallel_workers_per_gather', '0', false),
    set_config('client_encoding',
      CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, false)`)
}
