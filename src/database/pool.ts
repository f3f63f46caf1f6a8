import { databaseError } from '../errors/database-error.ts'
import type { Observe } from '../telemetry/observation.ts'
import { ignore } from '../telemetry/observation.ts'
import type { ConnectionConfig } from './client.ts'
import type { Database, Statement, Values } from './database.ts'
import { render } from './database.ts'
import type { LaneLimits } from './lane.ts'
import { openLanes } from './lanes.ts'
import { listenTo } from './listener.ts'
import { createReconnectGate } from './reconnect.ts'
import { ScanPool } from './scan-pool.ts'
import { readingSettings, statisticsSettings } from './session.ts'

export interface PoolOptions {
  readonly connection: ConnectionConfig
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly applicationName: string
  readonly observe?: Observe | undefined
  /** Overrides of the default look-up limits. */
  readonly lookUps?: Partial<LaneLimits> | undefined
}

const defaultLookUps: LaneLimits = { timeoutMs: 2_000, maxInFlight: 32, maxWaiting: 1_000, preparedStatements: true }

/**
 * Opens a database with read-only connections. Look-ups share a few pipelined connections; each other statement has a connection of
 * the pool to itself.
 */
export function openPool(options: PoolOptions): Database {
  const { observe = ignore } = options
  const gate = createReconnectGate()
  const lookUps = { ...defaultLookUps, ...options.lookUps }
  const timeoutMs = Math.min(lookUps.timeoutMs, options.statementTimeoutMs)
  const scans: ScanPool = new ScanPool({
    ...options,
    lane: poolLane,
    settings: readingSettings(options.statementTimeoutMs),
    observe,
    gate,
    preparedStatements: lookUps.preparedStatements,
    onSilent: () => lanes.replaceIdle(),
  })
  const statistics = new ScanPool({
    ...options,
    // Its connections are no part of the pool's count.
    observe: (observation) => observation.kind !== 'poolChanged' && observe(observation),
    gate,
    lane: statisticsLane,
    maxConnections: 1,
    statementTimeoutMs: statisticsTimeoutMs,
    settings: statisticsSettings(statisticsTimeoutMs),
    preparedStatements: false,
    onSilent: () => lanes.replaceIdle(),
  })
  const lanes = openLanes({ ...options, ...lookUps, timeoutMs, observe, gate, onSilent: () => scans.replaceIdle() })
  return {
    query(statement, signal) {
      const rendered = render(statement)
      const lane = laneOf(rendered)
      return observedStatement(observe, lane, () => {
        if (lane === statisticsLane) return statistics.run(rendered, signal)
        return lane === poolLane ? scans.run(rendered, signal) : lanes.run(rendered, signal)
      })
    },
    listen: (channel, heard) => listenTo(channel, options, heard),
    async close() {
      await Promise.all([scans.close(), statistics.close(), lanes.close()])
    },
  }
}

/** Name of the pool in observations. */
const poolLane = 'pool'
const statisticsLane = 'statistics'
/** What takes longer is too much for a database that SIPIS works on. */
const statisticsTimeoutMs = 5_000

function laneOf({ isStatistic, lookUp }: Statement): string {
  return isStatistic === true ? statisticsLane : (lookUp?.lane ?? poolLane)
}

/** Runs a statement, and emits an observation with its outcome. */
async function observedStatement(observe: Observe, lane: string, run: () => Promise<Values[]>): Promise<Values[]> {
  const start = performance.now()
  const ended = (rows: number, failure: string | undefined) =>
    observe({
      kind: 'statementEnded',
      lane,
      rows,
      failure,
      durationMs: performance.now() - start,
    })
  try {
    const rows = await run()
    ended(rows.length, undefined)
    return rows
  } catch (error) {
    const failure = databaseError(error)
    ended(0, failure.code)
    throw failure
  }
}
