import type pg from 'pg'
import { cancelStatement } from './cancel.ts'
import type { ConnectionConfig } from './client.ts'
import { answerWithin, Client } from './client.ts'
import type { Statement, Value } from './database.ts'
import type { Lane, LaneLimits } from './lane.ts'
import { openLane } from './lane.ts'
import type { LaneServer } from './lane-connection.ts'
import { prepareSession, readingSettings } from './session.ts'

export interface LaneOptions extends LaneLimits {
  readonly connection: ConnectionConfig
  readonly connectTimeoutMs: number
  readonly applicationName: string
}

/** A lane for each name that statements give: slow queries of one do not hold up the queries of another. */
export function openLanes(options: LaneOptions): Lane {
  const lanes = new Map<string, Lane>()
  const server: LaneServer = {
    connect: () => connect(options),
    cancel: (client) => cancelStatement(client, options.connection.ssl),
  }
  const laneOf = ({ lookUp }: Statement): Lane => {
    const name = lookUp?.lane ?? ''
    const lane = lanes.get(name) ?? openLane(server, options)
    lanes.set(name, lane)
    return lane
  }
  return {
    run: (statement, signal): Promise<Value[][]> => laneOf(statement).run(statement, signal),
    close: async () => {
      await Promise.all([...lanes.values()].map((lane) => lane.close()))
    },
  }
}

async function connect({ connection, connectTimeoutMs, applicationName, timeoutMs }: LaneOptions): Promise<pg.Client> {
  const client = new Client({
    ...connection,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    pipeline: true,
  })
  await client.connect()
  try {
    await answerWithin(client, connectTimeoutMs, prepareLane(client, timeoutMs))
  } catch (error) {
    client.end().catch(() => undefined)
    throw error
  }
  return client
}

/**
 * A plan for the very values never pays for a look-up, but is made each time. PostgreSQL before 12 has no
 * such setting.
 */
async function prepareLane(client: pg.Client, timeoutMs: number): Promise<void> {
  await prepareSession(client, readingSettings(timeoutMs))
  await client.query(
    `SELECT set_config(name, 'force_generic_plan', false) FROM pg_settings WHERE name = 'plan_cache_mode'`,
  )
}
