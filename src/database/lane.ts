import { withDeadline } from '../concurrency/deadline.ts'
import { busy, DatabaseError, databaseError, isConflict, isStale } from '../errors/database-error.ts'
import type { Entry, Outcome } from './batch.ts'
import { sendBatch } from './batch.ts'
import type { Statement, Values } from './database.ts'
import type { LaneServer as ConnectionServer, LaneConnection, Opened } from './lane-connection.ts'
import { openLaneConnection } from './lane-connection.ts'
import type { QueryQueue, QueueLimits } from './query-queue.ts'
import { createQueryQueue } from './query-queue.ts'

export interface LaneLimits extends QueueLimits {
  /** Time limit of a look-up including its wait, and statement timeout on the server. */
  readonly timeoutMs: number
  /** Whether to use prepared statements. false for connection poolers that run each statement in another session. */
  readonly preparedStatements: boolean
}

export interface LaneServer extends ConnectionServer {
  /** Called when a query is sent, with its waiting time. */
  onSent(waitedMs: number): void
  /** Called when a query is sent a second time. */
  onResent(): void
}

/** A shared, pipelined connection: statements are sent without waiting for earlier responses. */
export interface Lane {
  /** @throws DatabaseError `unavailable` if too many queries wait, `timeout` at the deadline or when the signal is aborted */
  run(statement: Statement, signal: AbortSignal | undefined): Promise<Values[]>
  /** Replaces the connection if it is idle. Called when another connection to the server is silent. */
  replaceIdle(): void
  close(): Promise<void>
}

interface PendingQuery extends PromiseWithResolvers<Values[]> {
  readonly statement: Statement
  readonly since: number
  /** The caller has disconnected, or the deadline has passed. */
  isAbandoned: boolean
  /** The query is sent for the second time; it is not retried again. */
  isRetry: boolean
}

/**
 * Maximum number of statements in a batch. The server responds when the last one has run, so with larger batches server and gateway
 * would wait for each other instead of working in parallel.
 */
const batchSize = 8

const queryCanceled = '57014'

export function openLane(server: LaneServer, limits: LaneLimits): Lane {
  const connection = openLaneConnection(server, {
    preparedStatements: limits.preparedStatements,
    statementTimeoutMs: limits.timeoutMs,
  })
  const queue = createQueryQueue<PendingQuery>(limits)
  const send = createSender(connection, queue, server)
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

/** Creates the function that sends a query. Queries of one event-loop turn are sent in batches. */
function createSender(
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
    for (let from = 0; from < queries.length; from += batchSize) void sendChunk(queries.slice(from, from + batchSize))
  }
  const sendChunk = async (queries: readonly PendingQuery[]) => {
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
  /** Whether a cancel request was pending at any time since the query was sent. */
  readonly wasCancelled: boolean
}

/** Settles a query, or returns true if it must be sent again. Look-ups are read-only, so repeating them is safe. */
function settled(query: PendingQuery, outcome: Outcome, { connection, opened, wasCancelled }: Sent): boolean {
  // The server skipped it, because an earlier statement of the batch failed.
  if (outcome === undefined) return !query.isAbandoned
  if (!(outcome instanceof DatabaseError)) {
    query.resolve(outcome)
    return false
  }
  const isLost = (outcome.failure === 'unavailable' && !isConflict(outcome)) || isStale(outcome)
  if (isLost) connection.abandon(opened, outcome.code)
  // The cancel request of an earlier query may have hit this one.
  const wasHitByMistake = outcome.code === queryCanceled && wasCancelled && !query.isAbandoned
  // Repeated each time; the deadline of the query bounds that.
  if (wasHitByMistake) return true
  if (query.isRetry || query.isAbandoned || !(isLost || isConflict(outcome))) {
    query.reject(asLookUpFailure(outcome))
    return false
  }
  query.isRetry = true
  return true
}

/** Cancels the running query if it is abandoned, because it delays the queries behind it. */
function cancelAbandoned(connection: LaneConnection, queue: QueryQueue<PendingQuery>): void {
  const { running } = queue
  if (running?.isAbandoned !== true) return
  const isRunning = () => queue.running === running
  void connection.cancel(isRunning).then((isDone) => {
    // Another query may have been abandoned meanwhile. One query is cancelled only once.
    if (isDone && !isRunning()) cancelAbandoned(connection, queue)
  })
}

/** An index answers a look-up, so a statement timeout means that the database is slow, not that the request is too large. */
function asLookUpFailure(failure: DatabaseError): DatabaseError {
  if (failure.code !== queryCanceled) return failure
  return new DatabaseError('slow', failure.code, failure.message)
}

function pendingQuery(statement: Statement): PendingQuery {
  const since = performance.now()
  return { statement, since, isAbandoned: false, isRetry: false, ...Promise.withResolvers<Values[]>() }
}
