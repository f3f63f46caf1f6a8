import pg from 'pg'
import type { Database, Value } from './database.ts'
import { render } from './database.ts'
import { databaseError } from './database-error.ts'

export interface PoolOptions {
  readonly connection: pg.ClientConfig
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly applicationName: string
}

/** Values stay as PostgreSQL prints them: a Date or a number would lose microseconds, infinity and 64-bit integers. */
const asText = { getTypeParser: () => (value: string) => value }

/**
 * A pool of connections that can only read. They are set up by a statement, not by start-up parameters, for connection
 * poolers refuse parameters that they do not know.
 */
export function openPool(options: PoolOptions): Database {
  const pool = new pg.Pool({
    ...options.connection,
    application_name: options.applicationName,
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    types: asText,
    onConnect: (client) => prepareSession(client, options.statementTimeoutMs),
  })
  // An idle connection that the server ends is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined)

  return {
    async query(statement) {
      const { text, values } = render(statement)
      try {
        const { rows } = await pool.query<Value[]>({ text, values: [...values], rowMode: 'array' })
        return rows
      } catch (error) {
        throw databaseError(error)
      }
    },
    close: () => pool.end(),
  }
}

/**
 * In an SQL_ASCII database any byte may stand in a text column. With client_encoding UTF8 one invalid byte fails the whole
 * statement; with SQL_ASCII the bytes arrive as they are, and the driver decodes each value on its own.
 */
async function prepareSession(client: pg.ClientBase, statementTimeoutMs: number): Promise<void> {
  // While the pool sets the connection up, nobody else listens for its end.
  client.on('error', () => undefined)
  await client.query(`SELECT
    set_config('default_transaction_read_only', 'on', false),
    set_config('statement_timeout', '${statementTimeoutMs}', false),
    set_config('lock_timeout', '${statementTimeoutMs}', false),
    set_config('idle_in_transaction_session_timeout', '${statementTimeoutMs}', false),
    set_config('TimeZone', 'UTC', false),
    set_config('DateStyle', 'ISO, MDY', false),
    set_config('jit', 'off', false),
    set_config('client_encoding',
      CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, false)`)
}
