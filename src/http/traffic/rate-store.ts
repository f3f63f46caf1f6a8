/** The database in which several gateways share their counts. */
import pg from 'pg'
import type { ConnectionConfig } from '../../database/client.ts'
import { answerWithin, Client } from '../../database/client.ts'
import { render } from '../../database/database.ts'
import { pinSearchPath, searchedSchemas } from '../../database/search-path.ts'
import { databaseError } from '../../errors/database-error.ts'
import type { Observe } from '../../telemetry/observation.ts'
import type { Breaker } from './breaker.ts'
import { createBreaker } from './breaker.ts'

export const tableName = 'sipis_gateway_rate_limits'

export interface RateStore extends AsyncDisposable {
  readonly pool: pg.Pool
  /** The pool's search_path is pg_catalog only, so statements qualify the table with this schema. */
  readonly schema: string
  /** Runs a work on the store; undefined while the store is away. */
  readonly run: Breaker['run']
}

/** Timeout for connecting to the store and for its statements. */
const storeMs = 2_000
/** A request waits no longer for the store; then it is counted here alone. */
const answerMs = 500
const probeEveryMs = 3_000

/** @throws DatabaseError if the store cannot be opened */
export async function openRateStore(connection: ConnectionConfig, observe: Observe): Promise<RateStore> {
  const { pool, destroyConnections } = openPool(connection)
  try {
    const schema = await createTable(pool)
    const breaker = createBreaker({
      timeoutMs: answerMs,
      probeEveryMs,
      probe: () => pool.query(probeOf(schema)),
      onLost(error) {
        observe({ kind: 'rateStoreLost', code: databaseError(error).code, message: error.message })
        // Connections that have gone silent would fail each probe in turn.
        destroyConnections()
      },
      onBack: () => observe({ kind: 'rateStoreBack' }),
    })
    return {
      pool,
      schema,
      run: breaker.run,
      async [Symbol.asyncDispose]() {
        breaker[Symbol.dispose]()
        await pool.end()
      },
    }
  } catch (error) {
    await pool.end()
    throw databaseError(error)
  }
}

function openPool(connection: ConnectionConfig): { pool: pg.Pool; destroyConnections: () => void } {
  const clients = new Set<pg.PoolClient>()
  const pool = new pg.Pool({
    ...connection,
    Client,
    application_name: 'sipis-gateway rate limits',
    max: 4,
    connectionTimeoutMillis: storeMs,
    statement_timeout: storeMs,
    // Covers an unreachable server, which cannot apply statement_timeout.
    query_timeout: storeMs,
    onConnect: async (client) => void (await answerWithin(client, storeMs, client.query(pinSearchPath))),
  })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  const destroyConnections = () => {
    for (const client of clients)
      if (client instanceof pg.Client) client.connection.stream.destroy(new Error('the store is away'))
  }
  return { pool, destroyConnections }
}

async function createTable(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ schema: string | null }>(`SELECT (${render(searchedSchemas).text})[1] AS schema`)
  const schema = rows[0]?.schema ?? 'public'
  await pool.query(`CREATE TABLE IF NOT EXISTS ${pg.escapeIdentifier(schema)}.${tableName}
    (key varchar(255) PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint)`)
  return schema
}

/** Writes, because a database that can only be read after a failover is no store. */
function probeOf(schema: string): string {
  return `INSERT INTO ${pg.escapeIdentifier(schema)}.${tableName} VALUES ('probe', 0, 0)
    ON CONFLICT (key) DO UPDATE SET points = 0`
}
