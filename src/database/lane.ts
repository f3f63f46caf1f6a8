import type pg from 'pg'
import type { Outcome } from './batch.ts'
import { openSession, sendBatch } from './batch.ts'
import type { Statement, Value } from './database.ts'
import { busy, DatabaseError, databaseError, isStale } from './database-error.ts'
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
  /** It has been asked again, which is done once. */
  isSecond: boolean
}

/**
 * How many statements travel together at most. Their answers come when the last of them has run: with more, the server and we
 * would wait for each other instead of working at the same time.
 */
const batchSize = 8

const queryCanceled = '57014'

/** The connection is made when it is first needed, and again after it has ended. */
export function openLane(server: LaneServer, limits: LaneLimits): Lane {
  const { timeoutMs, maxInFlight, maxWaiting, preparedStatements } = limits
  // Not sets: what these outgrow stays in memory, with all that went through them, until the next full garbage collection.
  const waiting: Ask[] = []
  /** In the order in which the server runs them. */
  const sent: Ask[] = []
  /** Those of them that are written when this turn of the event loop is over. */
  let leaving: Ask[] = []
  const connect = async () => openSession(await server.connect(), preparedStatements)
  let session: ReturnType<typeof connect> | undefined
  let cancelling = false
  let cancels = 0

  const connected = () => {
    if (session !== undefined) return session
    const opened = connect()
    const forget = () => {
      if (session === opened) session = undefined
    }
    opened.then(({ client }) => client.once('error', forget).once('end', forget), forget)
    session = opened
    return opened
  }

  const leave = (lost: ReturnType<typeof connect>) => {
    if (session === lost) session = undefined
    // What it has been sent is still answered where that is possible.
    lost.then(({ client }) => client.end()).catch(() => undefined)
  }

  const send = (ask: Ask) => {
    sent.push(ask)
    if (leaving.push(ask) === 1) setImmediate(sendAll)
  }

  const sendAll = () => {
    const asks = leaving
    leaving = []
    for (let from = 0; from < asks.length; from += batchSize) void sendTogether(asks.slice(from, from + batchSize))
  }

  const sendTogether = async (asks: readonly Ask[]) => {
    const asked = connected()
    const cancelsBefore = cancels
    const passengers = asks.map((ask) => ({
      statement: ask.statement,
      arrive: (outcome: Outcome) => settle(ask, outcome, asked, cancels > cancelsBefore),
    }))
    try {
      sendBatch(await asked, passengers, () => {
        advance()
        void endAbandoned()
      })
    } catch (error) {
      for (const { arrive } of passengers) arrive(databaseError(error))
      advance()
    }
  }

  const settle = (ask: Ask, outcome: Outcome, asked: ReturnType<typeof connect>, wasCancelled: boolean) => {
    remove(sent, ask)
    if (outcome === undefined) return send(ask)
    if (!(outcome instanceof DatabaseError)) return ask.resolve(outcome)
    const isLost = outcome.failure === 'unavailable' || isStale(outcome)
    if (isLost) leave(asked)
    // The server may have come to the next statement when the order to end the one before arrived.
    const isMistaken = outcome.code === queryCanceled && wasCancelled && !ask.abandoned
    if (ask.isSecond || !(isLost || isMistaken)) return ask.reject(outcome)
    // Look-ups change nothing, so they may be asked again.
    ask.isSecond = true
    send(ask)
  }

  /** What nobody waits for is ended once it is its turn: it would only hold up the others. */
  const endAbandoned = async () => {
    const [running] = sent
    if (cancelling || running?.abandoned !== true) return
    cancelling = true
    cancels++
    const opened = await session?.catch(() => undefined)
    if (opened !== undefined && sent.includes(running)) await server.cancel(opened.client)
    cancelling = false
  }

  const advance = () => {
    while (sent.length < maxInFlight) {
      const ask = waiting.shift()
      if (ask === undefined) return
      send(ask)
    }
  }

  return {
    async run(statement, signal) {
      if (sent.length >= maxInFlight && waiting.length >= maxWaiting) throw busy()
      const ask: Ask = { statement, abandoned: false, isSecond: false, ...Promise.withResolvers<Value[][]>() }
      waiting.push(ask)
      advance()
      const onGivenUp = () => {
        remove(waiting, ask)
        ask.abandoned = true
        void endAbandoned()
      }
      return withPatience(ask.promise, { signal, timeoutMs, onGivenUp })
    },
    async close() {
      const opened = await session?.catch(() => undefined)
      await opened?.client.end()
    },
  }
}

function remove<T>(list: T[], one: T): void {
  const place = list.indexOf(one)
  if (place >= 0) list.splice(place, 1)
}
