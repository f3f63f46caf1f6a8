import pg from 'pg'
import { RateLimiterPostgres } from 'rate-limiter-flexible'
import type { ConnectionConfig } from '../../database/client.ts'
import { answerWithin, Client, destroyConnection } from '../../database/client.ts'
import { render } from '../../database/database.ts'
import { pinSearchPath, searchedSchemas } from '../../database/search-path.ts'
import { isPooled } from '../../database/session.ts'
import type { Counters } from './counters.ts'

const tableName = 'sipis_gateway_rate_limits'

/** Timeout for connecting to the store and for its statements. */
const storeMs = 2_000

/** Counters in a table of PostgreSQL, which is made where it is missing. */
export async function openPostgresCounters(connection: ConnectionConfig): Promise<Counters> {
  const { pool, destroyConnections } = openPool(connection)
  try {
    const schema = await createTable(pool)
    return {
      limiter: (keyPrefix, points, duration) =>
        new RateLimiterPostgres({
          storeClient: pool,
          // The pool's search_path is pg_catalog only, so statements qualify the table with this schema.
          schemaName: schema.replaceAll('"', '""'),
          keyPrefix,
          points,
          duration,
          tableName,
          tableCreated: true,
          clearExpiredByTimeout: true,
        }),
      probe: () => pool.query(probeOf(schema)),
      reconnect: destroyConnections,
      close: () => pool.end(),
    }
  } catch (error) {
    await pool.end()
    throw error
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
    query_timeout: storeMs,
    onConnect: (client) => answerWithin(client, storeMs, prepareStore(client)),
  })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  const destroyConnections = () => {
    for (const client of clients) destroyConnection(client, new Error('the store is away'))
  }
  return { pool, destroyConnections }
}

/** Behind a pooler the session belongs to other programs as well, so it stays as it is. */
async function prepareStore(client: pg.ClientBase): Promise<void> {
  if (await isPooled(client)) return
  await client.query(`${pinSearchPath} SELECT pg_catalog.set_config('statement_timeout', '${storeMs}', false)`)
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
