import pg from 'pg'
import { withDeadline } from '../concurrency/deadline.ts'
import { cancelled, databaseError, isConflict, isStale, silentCode } from '../errors/database-error.ts'
import type { Observe } from '../telemetry/observation.ts'
import type { BatchClient } from './batch.ts'
import { createBatchClient, runAlone } from './batch.ts'
import { cancelStatement } from './cancel.ts'
import type { ConnectionConfig } from './client.ts'
import { answerWithin, Client, closeMs, destroyConnection, keepAliveMs } from './client.ts'
import type { Statement, Values } from './database.ts'
import { observedConnect } from './observed-connect.ts'
import type { ReconnectGate } from './reconnect.ts'
import type { Settings } from './session.ts'
import { prepareSession } from './session.ts'

export interface ScanPoolOptions {
  /** Its name in observations, which name a lane otherwise. */
  readonly lane: string
  /** Settings of its sessions. */
  readonly settings: Settings
  readonly connection: ConnectionConfig
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly applicationName: string
  readonly preparedStatements: boolean
  readonly observe: Observe
  readonly gate: ReconnectGate
  /** Called when the server does not answer on one connection; others may be dead as well. */
  readonly onSilent: () => void
}

/** Time limit for a cancelled statement to end; then its connection is destroyed. */
const cancelledMs = 1_000
/** Idle time after which a connection is tested before use. */
const idleMs = 5_000
/** Time limit of that test. */
const aliveMs = 1_000

/** A connection of the pool. */
interface Session {
  readonly client: pg.PoolClient
  readonly batches: BatchClient
  usedAt: number
}

/** A pool for statements that may take long; each has a connection to itself. */
export class ScanPool {
  readonly #options: ScanPoolOptions
  readonly #pool: pg.Pool
  readonly #sessions = new Map<pg.ClientBase, Session>()
  /** See `prepareSession`. */
  readonly #prologues = new WeakMap<pg.ClientBase, Statement | undefined>()
  /** Connections that were last used before this time are not used again. */
  #silentAt = Number.NEGATIVE_INFINITY
  #closing: Promise<void> | undefined

  constructor(options: ScanPoolOptions) {
    const { observe, lane } = options
    this.#options = options
    this.#pool = createPgPool(options, this.#prologues)
    this.#pool.on('connect', () => observe({ kind: 'connectionOpened', lane }))
    this.#pool.on('remove', (client) => {
      this.#sessions.delete(client)
      this.#observeUse()
    })
    // The pool replaces an idle connection that the server closes; without a listener, the error would end the process.
    this.#pool.on('error', (error) => observe({ kind: 'connectionLost', lane, code: databaseError(error).code }))
  }

  /** @throws DatabaseError and no other error */
  async run(statement: Statement, signal: AbortSignal | undefined): Promise<Values[]> {
    return withDeadline(this.#runOrRepeat(statement, signal), { signal })
  }

  /** Replaces idle connections. Called when another connection to the server is silent. */
  replaceIdle(): void {
    this.#silentAt = performance.now()
  }

  /** Ends all connections; destroys them after half a second. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const timer = setTimeout(() => {
      for (const client of this.#sessions.keys()) destroyConnection(client)
    }, closeMs)
    await this.#pool.end()
    clearTimeout(timer)
  }

  async #runOrRepeat(statement: Statement, signal: AbortSignal | undefined): Promise<Values[]> {
    const session = await this.#take()
    try {
      return await this.#runOn(session, statement, signal)
    } catch (error) {
      const repeated = repeatable(statement, databaseError(error))
      if (repeated === undefined) throw error
      this.#options.observe({ kind: 'statementResent', lane: this.#options.lane })
      return this.#runOn(await this.#take(), repeated, signal)
    }
  }

  async #runOn(session: Session, statement: Statement, signal: AbortSignal | undefined): Promise<Values[]> {
    const { client, batches } = session
    let isBroken = false
    try {
      if (signal?.aborted) throw cancelled()
      return await cancellable(client, signal, this.#cancel, () => runAlone(batches, statement))
    } catch (error) {
      const failure = databaseError(error)
      isBroken = !harmless.has(failure.failure)
      throw failure
    } finally {
      session.usedAt = performance.now()
      client.release(isBroken)
      this.#observeUse()
    }
  }

  readonly #cancel = (client: pg.PoolClient): Promise<boolean> => {
    this.#options.observe({ kind: 'cancelSent', lane: this.#options.lane })
    return cancelStatement(client, this.#options.connection.ssl)
  }

  #observeUse(): void {
    const { totalCount: connections, idleCount, waitingCount: waiting } = this.#pool
    this.#options.observe({ kind: 'poolChanged', connections, inUse: connections - idleCount, waiting })
  }

  async #take(): Promise<Session> {
    const since = performance.now()
    for (;;) {
      const connecting = observedConnect(this.#options.observe, this.#options.lane, () => this.#pool.connect()).finally(
        () => this.#observeUse(),
      )
      this.#observeUse()
      const session = this.#sessionOf(await connecting)
      if (await isAlive(session, this.#silentAt)) {
        this.#options.observe({ kind: 'statementSent', lane: this.#options.lane, waitedMs: performance.now() - since })
        return session
      }
      this.#options.observe({ kind: 'connectionLost', lane: this.#options.lane, code: silentCode })
      destroyConnection(session.client)
      session.client.release(true)
    }
  }

  #sessionOf(client: pg.PoolClient): Session {
    const known = this.#sessions.get(client)
    if (known !== undefined) return known
    const { preparedStatements, statementTimeoutMs, onSilent } = this.#options
    const batches = createBatchClient(client, {
      preparedStatements,
      prologue: this.#prologues.get(client),
      statementTimeoutMs,
      onSilent: () => {
        this.replaceIdle()
        onSilent()
      },
    })
    const session = { client, batches, usedAt: performance.now() }
    this.#sessions.set(client, session)
    return session
  }
}

async function isAlive({ client, batches, usedAt }: Session, silentAt: number): Promise<boolean> {
  if (usedAt < silentAt) return false
  if (performance.now() - usedAt < idleMs) return true
  const ping = answerWithin(client, aliveMs, runAlone(batches, { text: 'SELECT 1', values: [] }))
  return ping.then(
    () => true,
    () => false,
  )
}

/** Failures of a statement that leave its connection usable. */
const harmless: ReadonlySet<string> = new Set(['input', 'timeout', 'slow', 'unreadable'])

function createPgPool(options: ScanPoolOptions, prologues: WeakMap<pg.ClientBase, Statement | undefined>): pg.Pool {
  const { connectTimeoutMs } = options
  const connection: ConnectionConfig = { ...options.connection, gate: options.gate }
  return new pg.Pool({
    ...connection,
    Client,
    application_name: options.applicationName,
    max: options.maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    onConnect: async (client) => {
      const prepared = prepareSession(client, options.settings)
      prologues.set(client, await answerWithin(client, connectTimeoutMs, prepared))
    },
  })
}

/**
 * Returns the statement to send again after a failure, or undefined. Statements are read-only, so repeating them is safe. With a stale
 * plan, the statement is sent without a name.
 */
function repeatable(statement: Statement, failure: ReturnType<typeof databaseError>): Statement | undefined {
  const { text, values } = statement
  if (statement.name !== undefined && isStale(failure)) return { text, values }
  // The server has closed the connection, often while it was idle. On a silent one, the time of the statement is used up.
  const isLost = failure.failure === 'unavailable' && failure.code !== silentCode
  return isLost || isConflict(failure) ? statement : undefined
}

/**
 * Runs `work`, and sends a cancel request when the signal is aborted. Destroys the connection if its statement does not end then, or if
 * the request may still arrive later.
 */
async function cancellable<T>(
  client: pg.PoolClient,
  signal: AbortSignal | undefined,
  send: (client: pg.PoolClient) => Promise<boolean>,
  work: () => Promise<T>,
): Promise<T> {
  let cancelling: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  const cancel = async () => {
    const isCertain = await send(client)
    if (isCertain) timer = setTimeout(() => destroyConnection(client), cancelledMs)
    else destroyConnection(client)
  }
  const onAbort = () => {
    cancelling = cancel()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await work()
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await cancelling
    clearTimeout(timer)
  }
}
