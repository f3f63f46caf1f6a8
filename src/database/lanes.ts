import type pg from 'pg'
import type { Observe } from '../telemetry/observation.ts'
import { cancelStatement } from './cancel.ts'
import type { ConnectionConfig } from './client.ts'
import { answerWithin, Client, destroyConnection, keepAliveMs } from './client.ts'
import type { Statement, Values } from './database.ts'
import type { Lane, LaneLimits, LaneServer } from './lane.ts'
import { openLane } from './lane.ts'
import type { LaneSession } from './lane-connection.ts'
import { observedConnect } from './observed-connect.ts'
import type { ReconnectGate } from './reconnect.ts'
import { connectHedged } from './reconnect.ts'
import { prepareSession, readingSettings } from './session.ts'

export interface LaneOptions extends LaneLimits {
  readonly connection: ConnectionConfig
  readonly connectTimeoutMs: number
  readonly applicationName: string
  readonly observe: Observe
  /** Shared by all connections to one server. */
  readonly gate: ReconnectGate
  /** Called when the server does not answer on one connection; others may be dead as well. */
  readonly onSilent: () => void
}

export type Lanes = Pick<Lane, 'run' | 'replaceIdle' | 'close'>

/** Opens one lane for each lane name, so that slow queries of one lane do not delay those of another. */
export function openLanes(options: LaneOptions): Lanes {
  const lanes = new Map<string, Lane>()
  const replaceIdle = () => {
    for (const lane of lanes.values()) lane.replaceIdle()
  }
  const onSilent = () => {
    replaceIdle()
    options.onSilent()
  }
  const laneOf = ({ lookUp }: Statement): Lane => {
    const name = lookUp?.lane ?? ''
    const lane = lanes.get(name) ?? openLane(serverOf(name, { ...options, onSilent }), options)
    lanes.set(name, lane)
    return lane
  }
  return {
    run: (statement, signal): Promise<Values[]> => laneOf(statement).run(statement, signal),
    replaceIdle,
    close: async () => {
      await Promise.all([...lanes.values()].map((lane) => lane.close()))
    },
  }
}

function serverOf(lane: string, options: LaneOptions): LaneServer {
  const { observe } = options
  return {
    connect: () =>
      options.gate.run(async () => {
        const session = await observedConnect(observe, lane, () =>
          connectHedged(
            () => connect(options),
            ({ client }) => destroyConnection(client),
          ),
        )
        observe({ kind: 'connectionOpened', lane })
        return session
      }),
    cancel(client) {
      observe({ kind: 'cancelSent', lane })
      return cancelStatement(client, options.connection.ssl)
    },
    onLost: (code) => observe({ kind: 'connectionLost', lane, code }),
    onSilent: options.onSilent,
    onSent: (waitedMs) => observe({ kind: 'statementSent', lane, waitedMs }),
    onResent: () => observe({ kind: 'statementResent', lane }),
  }
}

async function connect({
  connection,
  connectTimeoutMs,
  applicationName,
  timeoutMs,
}: LaneOptions): Promise<LaneSession> {
  const client = new Client({
    ...connection,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    pipeline: true,
  })
  await client.connect()
  try {
    return { client, prologue: await answerWithin(client, connectTimeoutMs, prepareLane(client, timeoutMs)) }
  } catch (error) {
    client.end().catch(() => undefined)
    throw error
  }
}

/**
 * Prepares the session of a lane. Generic plans only, because planning for the values costs more than it saves for a look-up;
 * PostgreSQL before 12 lacks this setting.
 */
async function prepareLane(client: pg.Client, timeoutMs: number): Promise<Statement | undefined> {
  const prologue = await prepareSession(client, readingSettings(timeoutMs))
  if (prologue !== undefined) return prologue
  await client.query(
    `SELECT set_config(name, 'force_generic_plan', false) FROM pg_settings WHERE name = 'plan_cache_mode'`,
  )
  return undefined
}
