import { withDeadline } from '../concurrency/deadline.ts'
import { busy, DatabaseError, databaseError, isConflict, isStale } from '../errors/database-error.ts'
import type { Entry, Outcome } from './batch.ts'
import { sendBatch } from './batch.ts'
import type { Statement, Value } from './database.ts'
import type { LaneServer as ConnectionServer, LaneConnection, Opened } from './lane-connection.ts'
import { openLaneConnection } from './lane-connection.ts'
import type { QueryQueue, QueueLimits } from './query-queue.ts'
import { createQueryQueue } from './query-queue.ts'

export interface LaneLimits extends QueueLimits {
  /** The most that a look-up may take, its wait included; the server gives each statement as long. */
  readonly timeoutMs: number
  /** Whether a session keeps its plans. Some connection poolers cannot: they give each statement another session. */
  readonly preparedStatements: boolean
}

export interface LaneServer extends ConnectionServer {
  /** Called when a query is sent, with how long it has waited. */
  onSent(waitedMs: number): void
  /** Called when a query is sent a second time. */
  onResent(): void
}

/** One connection that many share: a statement is sent without waiting for the answers to those before it. */
export interface Lane {
  /** @throws DatabaseError `unavailable` when too many queries wait, `timeout` at the deadline or when the signal is given */
  run(statement: Statement, signal: AbortSignal | undefined): Promise<Value[][]>
  /** Replaces a connection on which nothing is under way: another one to the same server has gone silent. */
  replaceIdle(): void
  close(): Promise<void>
}

interface PendingQuery extends PromiseWithResolvers<Value[][]> {
  readonly statement: Statement
  readonly since: number
  /** Its caller has disconnected, or its deadline has passed. */
  isAbandoned: boolean
  /** It is sent for the second time, which happens once. */
  isRetry: boolean
}

/**
 * The most statements of a batch. Their answers come when the last of them has run: with more, server and gateway would wait for
 * each other instead of working at the same time.
 */
const batchSize = 8

const queryCanceled = '57014'

export function openLane(server: LaneServer, limits: LaneLimits): Lane {
  const connection = openLaneConnection(server, {
    preparedStatements: limits.preparedStatements,
    statementTimeoutMs: limits.timeoutMs,
  })
  const queue = createQueryQueue<PendingQuery>(limits)
  const send = createSending(connection, queue, server)
  return {
    async run(statement, signal) {
      if (queue.isFull) throw busy()
      const query = pendingQuery(statement)
      queue.add(query)
      queue.advance(send)
      const onGivenUp = () => {
        queue.withdraw(query)
        query.isAbandoned = true
        cancelAbandoned(connection, queue)
      }
      return withDeadline(query.promise, { signal, timeoutMs: limits.timeoutMs, onGivenUp })
    },
    replaceIdle: () => connection.replaceIdle(),
    close: connection.close,
  }
}

/** Gives the function that sends a query: with the other queries of this turn of the event loop, in batches. */
function createSending(
  connection: LaneConnection,
  queue: QueryQueue<PendingQuery>,
  { onSent, onResent }: LaneServer,
): (query: PendingQuery) => void {
  let unsent: PendingQuery[] = []

  const send = (query: PendingQuery) => {
    if (unsent.push(query) === 1) setImmediate(sendAll)
  }
  const begin = (query: PendingQuery) => {
    onSent(performance.now() - query.since)
    send(query)
  }
  const sendAll = () => {
    const queries = unsent
    unsent = []
    for (let from = 0; from < queries.length; from += batchSize)
      void sendTogether(queries.slice(from, from + batchSize))
  }
  const sendTogether = async (queries: readonly PendingQuery[]) => {
    const opened = connection.current()
    const cancelsBefore = connection.cancels.ended
    const settle = (query: PendingQuery, outcome: Outcome) => {
      queue.answered(query)
      const isRetried = settled(query, outcome, {
        connection,
        opened,
        wasCancelled: connection.cancels.begun > cancelsBefore,
      })
      if (!isRetried) return
      onResent()
      queue.resend(query)
      send(query)
    }
    const entries: Entry[] = queries.map((query) => ({
      statement: query.statement,
      settle: (outcome) => settle(query, outcome),
    }))
    try {
      sendBatch(await opened, entries, () => {
        queue.advance(begin)
        cancelAbandoned(connection, queue)
      })
    } catch (error) {
      for (const entry of entries) entry.settle(databaseError(error))
      queue.advance(begin)
    }
  }
  return begin
}

interface Sent {
  readonly connection: LaneConnection
  readonly opened: Opened
  /** Whether a cancel request was under way at some time since the query was sent. */
  readonly wasCancelled: boolean
}

/** Settles a query with its outcome, or returns true if it has to be sent again. Look-ups change nothing, so they may be. */
function settled(query: PendingQuery, outcome: Outcome, { connection, opened, wasCancelled }: Sent): boolean {
  // The server did not run it, because one before it in its batch failed.
  if (outcome === undefined) return !query.isAbandoned
  if (!(outcome instanceof DatabaseError)) {
    query.resolve(outcome)
    return false
  }
  const isLost = (outcome.failure === 'unavailable' && !isConflict(outcome)) || isStale(outcome)
  if (isLost) connection.abandon(opened, outcome.code)
  // The server may have reached this query when the request to cancel the one before it arrived.
  const isMistaken = outcome.code === queryCanceled && wasCancelled && !query.isAbandoned
  // As often as it is hit: its deadline bounds that.
  if (isMistaken) return true
  if (query.isRetry || query.isAbandoned || !(isLost || isConflict(outcome))) {
    query.reject(ofLookUp(outcome))
    return false
  }
  query.isRetry = true
  return true
}

/** Cancels a query without a caller once it is its turn: it would only hold up the queries behind it. */
function cancelAbandoned(connection: LaneConnection, queue: QueryQueue<PendingQuery>): void {
  const { running } = queue
  if (running?.isAbandoned !== true) return
  const isRunning = () => queue.running === running
  void connection.cancel(isRunning).then((isDone) => {
    // Another one may have been given up meanwhile. The same one gets no second request.
    if (isDone && !isRunning()) cancelAbandoned(connection, queue)
  })
}

/** An index answers a look-up, so a time limit says that the database is slow, not that too much was asked for. */
function ofLookUp(failure: DatabaseError): DatabaseError {
  if (failure.code !== queryCanceled) return failure
  return new DatabaseError('slow', failure.code, failure.message)
}

function pendingQuery(statement: Statement): PendingQuery {
  const since = performance.now()
  return { statement, since, isAbandoned: false, isRetry: false, ...Promise.withResolvers<Value[][]>() }
}
