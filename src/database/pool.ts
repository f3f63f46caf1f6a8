import pg from 'pg'
import { withDeadline } from '../concurrency/deadline.ts'
import { cancelled, databaseError, isStale } from '../errors/database-error.ts'
import type { Observe } from '../telemetry/observation.ts'
import { ignore } from '../telemetry/observation.ts'
import type { BatchClient } from './batch.ts'
import { createBatchClient, runAlone } from './batch.ts'
import { cancelStatement } from './cancel.ts'
import type { ConnectionConfig } from './client.ts'
import { answerWithin, Client } from './client.ts'
import type { Database, Statement, Value } from './database.ts'
import { render } from './database.ts'
import type { LaneLimits } from './lane.ts'
import { openLanes } from './lanes.ts'
import { prepareSession, readingSettings } from './session.ts'

export interface PoolOptions {
  readonly connection: ConnectionConfig
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly applicationName: string
  readonly observe?: Observe | undefined
  /** Limits of the look-ups, where they are to be others than those below. */
  readonly lookUps?: Partial<LaneLimits> | undefined
}

/** Name of the pool in observations, beside the names of the lanes. */
const poolLane = 'pool'

/** The server ends a statement at its time limit. A connection that is still silent so much later is lost. */
const lateMs = 5_000

const defaultLookUps: LaneLimits = { timeoutMs: 2_000, maxInFlight: 32, maxWaiting: 1_000, preparedStatements: true }

/**
 * A database by connections that can only read. Look-ups share a few among all who ask; a statement that may take long has one
 * of a pool to itself.
 */
export function openPool(options: PoolOptions): Database {
  const { observe = ignore } = options
  const pool = new pg.Pool({
    ...options.connection,
    Client,
    application_name: options.applicationName,
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    onConnect: (client) =>
      answerWithin(
        client,
        options.connectTimeoutMs,
        prepareSession(client, readingSettings(options.statementTimeoutMs)),
      ),
  })
  // An idle connection that the server ends is replaced at the next query; without a listener it would end the process.
  pool.on('error', (error) => observe({ kind: 'connectionLost', lane: poolLane, code: databaseError(error).code }))
  pool.on('connect', () => observe({ kind: 'connectionOpened', lane: poolLane }))

  const lookUps = { ...defaultLookUps, ...options.lookUps }
  const timeoutMs = Math.min(lookUps.timeoutMs, options.statementTimeoutMs)
  const lanes = openLanes({ ...options, ...lookUps, timeoutMs, observe })

  const sessions = new WeakMap<pg.PoolClient, BatchClient>()
  const sessionOf = (client: pg.PoolClient): BatchClient => {
    const session = sessions.get(client) ?? createBatchClient(client, lookUps.preparedStatements)
    sessions.set(client, session)
    return session
  }

  const onConnection = async (statement: Statement, signal: AbortSignal | undefined): Promise<Value[][]> => {
    const client = await pool.connect()
    let broken = false
    try {
      if (signal?.aborted) throw cancelled()
      return await cancellable(client, signal, options.connection.ssl, () =>
        answerWithin(client, options.statementTimeoutMs + lateMs, runAlone(sessionOf(client), statement)),
      )
    } catch (error) {
      const failure = databaseError(error)
      // What PostgreSQL says about a statement leaves its connection fit for the next one.
      broken = !['input', 'timeout'].includes(failure.failure)
      throw failure
    } finally {
      client.release(broken)
    }
  }

  /** A plan that is out of date is made anew: what is asked changes nothing, so it may be asked again. */
  const again = (statement: Statement, signal: AbortSignal | undefined) => (error: unknown) => {
    if (statement.name !== undefined && isStale(databaseError(error))) return onConnection(unnamed(statement), signal)
    throw error
  }

  return {
    async query(statement, signal) {
      const rendered = render(statement)
      return observedStatement(observe, rendered, () =>
        rendered.lookUp === undefined
          ? withDeadline(onConnection(rendered, signal).catch(again(rendered, signal)), { signal })
          : lanes.run(rendered, signal),
      )
    },
    close: async () => {
      await Promise.all([pool.end(), lanes.close()])
    },
  }
}

/** Runs a statement, and emits how that ended. */
async function observedStatement(
  observe: Observe,
  { lookUp }: Statement,
  run: () => Promise<Value[][]>,
): Promise<Value[][]> {
  const start = performance.now()
  const ended = (rows: number, failure: string | undefined) =>
    observe({
      kind: 'statementEnded',
      lane: lookUp?.lane ?? poolLane,
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

function unnamed({ text, values }: Statement): Statement {
  return { text, values }
}

/** Once the signal is given, the server is asked to cancel what the connection runs, and the connection is kept until it has. */
async function cancellable<T>(
  client: pg.PoolClient,
  signal: AbortSignal | undefined,
  ssl: pg.ClientConfig['ssl'],
  work: () => Promise<T>,
): Promise<T> {
  let cancelling: Promise<void> | undefined
  const cancel = () => {
    cancelling = cancelStatement(client, ssl)
  }
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await work()
  } finally {
    signal?.removeEventListener('abort', cancel)
    await cancelling
  }
}
