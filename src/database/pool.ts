import pg from 'pg'
import { cancelStatement } from './cancel.ts'
import type { Database, Statement, Value } from './database.ts'
import { render } from './database.ts'
import { cancelled, databaseError } from './database-error.ts'

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

  const onConnection = async (statement: Statement, signal: AbortSignal | undefined): Promise<Value[][]> => {
    const client = await pool.connect()
    let broken = false
    try {
      if (signal?.aborted) throw cancelled()
      return await runOn(client, statement, signal, options.connection.ssl)
    } catch (error) {
      const failure = databaseError(error)
      // What PostgreSQL says about a statement leaves its connection fit for the next one.
      broken = !['input', 'timeout'].includes(failure.failure)
      throw failure
    } finally {
      client.release(broken)
    }
  }

  return {
    async query(statement, signal) {
      try {
        return await unlessAborted(onConnection(render(statement), signal), signal)
      } catch (error) {
        throw databaseError(error)
      }
    },
    close: () => pool.end(),
  }
}

/** Runs a statement; once the signal is given, the server is asked to cancel it, and the connection is kept until it has. */
async function runOn(
  client: pg.PoolClient,
  { text, values }: Statement,
  signal: AbortSignal | undefined,
  ssl: pg.ClientConfig['ssl'],
): Promise<Value[][]> {
  let cancelling: Promise<void> | undefined
  const cancel = () => {
    cancelling = cancelStatement(client, ssl)
  }
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    const { rows } = await client.query<Value[]>({ text, values: [...values], rowMode: 'array' })
    return rows
  } finally {
    signal?.removeEventListener('abort', cancel)
    await cancelling
  }
}

/** Whoever has gone away does not wait for a connection, nor for the end of a statement. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(cancelled())
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
  })
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
