import type pg from 'pg'
import type { DatabaseTarget } from '../config.ts'
import { answerWithin, Client } from '../database/client.ts'
import { databaseError } from '../database/database-error.ts'
import { pinSearchPath } from '../database/search-path.ts'
import type { Schemas } from '../versions/schemas.ts'
import { findSchemas } from '../versions/schemas.ts'
import { copiedTables } from './plan.ts'

/** A connection of the copy. All settings that affect the text format of values are fixed. */
export interface Session extends AsyncDisposable {
  readonly label: string
  readonly encoding: string
  readonly client: pg.Client
  /** Schemas of the tables that a copy uses. */
  readonly schemas: Schemas
  /**
   * Runs a statement and returns rows of text values.
   *
   * @throws DatabaseError
   */
  query(statement: string, values?: readonly unknown[]): Promise<(string | null)[][]>
  /** Cancels the running statement over a second connection; closes this connection if the server does not respond. */
  cancel(): Promise<void>
}

/** Timeout for connecting and for the first statements. */
const answerMs = 10_000
/** Timeout for cancelling a statement. */
const cancelMs = 5_000

/**
 * Opens a session.
 *
 * @param signal aborts the attempt, so that an unresponsive server does not delay an interrupted command
 */
export async function openSession(
  { connection, label }: DatabaseTarget,
  lockTimeoutMs: number,
  signal: AbortSignal,
): Promise<Session> {
  const config = { connectionTimeoutMillis: answerMs, ...connection, application_name: 'sipis-gateway copy' }
  const client = new Client({ ...config, types: { getTypeParser: () => (value: string) => value } })
  // The running statement reports a lost connection; an unhandled 'error' event would end the process.
  client.on('error', () => undefined)
  const query = async (text: string, values: readonly unknown[] = []) => {
    try {
      const { rows } = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })
      return rows
    } catch (error) {
      throw databaseError(error)
    }
  }
  const setUp = async () => {
    await client.query(pinSearchPath)
    const [[encoding = '', pid = ''] = []] = await query(`SELECT current_setting('server_encoding'), pg_backend_pid()`)
    await query(pinned(lockTimeoutMs))
    return { encoding: String(encoding), pid, schemas: await findSchemas(query, copiedTables) }
  }
  const giveUp = () => client.connection.stream.destroy(new Error('interrupted'))
  signal.addEventListener('abort', giveUp)
  try {
    if (signal.aborted) throw new Error('interrupted')
    await client.connect()
    const { encoding, pid, schemas } = await answerWithin(client, answerMs, setUp())
    return {
      label,
      encoding,
      client,
      schemas,
      query,
      async cancel() {
        setTimeout(giveUp, cancelMs).unref()
        const beside = new Client({ ...config, connectionTimeoutMillis: cancelMs })
        beside.on('error', () => undefined)
        await beside.connect()
        const cancelled = beside.query('SELECT pg_catalog.pg_cancel_backend($1::pg_catalog.int4)', [pid])
        await answerWithin(beside, cancelMs, cancelled)
        await beside.end()
      },
      [Symbol.asyncDispose]: () => client.end(),
    }
  } catch (error) {
    await client.end()
    throw databaseError(error)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function pinned(lockTimeoutMs: number): string {
  return `SELECT
    set_config('client_encoding', CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, false),
    set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false), set_config('extra_float_digits', '3', false),
    set_config('jit', 'off', false), set_config('work_mem', '64MB', false),
    set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false),
    set_config('lock_timeout', '${lockTimeoutMs}', false)`
}
