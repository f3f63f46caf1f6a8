import type pg from 'pg'
import type { Statement, Value } from './database.ts'
import { busy, databaseError, isStale } from './database-error.ts'
import { withPatience } from './patience.ts'

export interface LaneLimits {
  /** What a look-up may take from when it is asked; the server gives each statement as long. */
  readonly timeoutMs: number
  /** How many statements are on the way at once. Those beyond wait, */
  readonly maxInFlight: number
  /** and those beyond that are refused. */
  readonly maxWaiting: number
  /** Whether a session keeps its plans. Some connection poolers cannot: a statement finds another session than it left. */
  readonly preparedStatements: boolean
}

/** One connection that many share: a statement is sent without waiting for the answers to those before it. */
export interface Lane {
  run(statement: Statement, signal: AbortSignal | undefined): Promise<Value[][]>
  close(): Promise<void>
}

/** How a lane reaches its server. */
export interface LaneServer {
  connect(): Promise<pg.Client>
  /** Has the server end what the connection runs at this moment. Never fails. */
  cancel(client: pg.Client): Promise<void>
}

interface Ask extends PromiseWithResolvers<Value[][]> {
  readonly statement: Statement
  /** Nobody waits for it any more. */
  abandoned: boolean
}

/** Statements have a finite number of shapes, but a session has not the memory for all of them. */
const maxNames = 200

declare module 'pg' {
  interface Client {
    readonly connection: Connection
  }
}

/**
 * What is asked in one turn of the event loop is written at once: a system call for each statement would cost more than all
 * else that is done for it.
 */
function writeTogether({ connection: { stream } }: pg.Client): void {
  if (stream.writableCorked > 0) return
  stream.cork()
  setImmediate(() => stream.uncork())
}

const queryCanceled = '57014'

/** The connection is made when it is first needed, and again after it has ended. */
export function openLane(server: LaneServer, limits: LaneLimits): Lane {
  const { timeoutMs, maxInFlight, maxWaiting, preparedStatements } = limits
  const waiting = new Set<Ask>()
  /** In the order in which the server runs them. */
  const sent = new Set<Ask>()
  const names = new Set<string>()
  let session: Promise<pg.Client> | undefined
  let cancelling = false
  let cancels = 0

  const connected = (): Promise<pg.Client> => {
    if (session !== undefined) return session
    const opened = server.connect()
    const forget = () => {
      if (session === opened) session = undefined
    }
    opened.then((client) => client.once('error', forget).once('end', forget), forget)
    session = opened
    return opened
  }

  const leave = (lost: Promise<pg.Client>, client: pg.Client) => {
    if (session === lost) session = undefined
    // What it has been sent is still answered where that is possible.
    client.end().catch(() => undefined)
  }

  const nameOf = ({ name }: Statement): { name?: string } => {
    if (name === undefined || !preparedStatements) return {}
    if (names.size >= maxNames && !names.has(name)) return {}
    names.add(name)
    return { name }
  }

  const runOn = async (client: pg.Client, statement: Statement): Promise<Value[][]> => {
    const { text, values } = statement
    writeTogether(client)
    const { rows } = await client.query<Value[]>({ ...nameOf(statement), text, values: [...values], rowMode: 'array' })
    return rows
  }

  const send = async (ask: Ask, isSecond = false): Promise<Value[][]> => {
    const asked = connected()
    const client = await asked
    const cancelsBefore = cancels
    try {
      return await runOn(client, ask.statement)
    } catch (error) {
      const failure = databaseError(error)
      const isSessionLost = failure.failure === 'unavailable' || isStale(failure)
      // The server may have come to the next statement when the order to end the one before arrived.
      const isMistaken = failure.code === queryCanceled && cancels > cancelsBefore && !ask.abandoned
      if (isSessionLost) leave(asked, client)
      // Look-ups change nothing, so they may be asked again.
      if (isSecond || !(isSessionLost || isMistaken)) throw failure
      sent.delete(ask)
      sent.add(ask)
      return send(ask, true)
    }
  }

  /** What nobody waits for is ended once it is its turn: it would only hold up the others. */
  const endAbandoned = async () => {
    const [running] = sent
    if (cancelling || running?.abandoned !== true) return
    cancelling = true
    cancels++
    const client = await session?.catch(() => undefined)
    if (client !== undefined && sent.has(running)) await server.cancel(client)
    cancelling = false
  }

  const settled = (ask: Ask) => {
    sent.delete(ask)
    advance()
    void endAbandoned()
  }

  const advance = () => {
    for (const ask of waiting) {
      if (sent.size >= maxInFlight) return
      waiting.delete(ask)
      sent.add(ask)
      send(ask)
        .then(ask.resolve, ask.reject)
        .then(() => settled(ask))
    }
  }

  return {
    async run(statement, signal) {
      if (sent.size >= maxInFlight && waiting.size >= maxWaiting) throw busy()
      const ask: Ask = { statement, abandoned: false, ...Promise.withResolvers<Value[][]>() }
      waiting.add(ask)
      advance()
      const onGivenUp = () => {
        waiting.delete(ask)
        ask.abandoned = true
        void endAbandoned()
      }
      return withPatience(ask.promise, { signal, timeoutMs, onGivenUp })
    },
    async close() {
      const client = await session?.catch(() => undefined)
      await client?.end()
    },
  }
}
