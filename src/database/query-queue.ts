/**
 * The queries of a lane: sent ones, and ones that wait. Uses arrays, because a set or map that grows leaves its old table in memory,
 * with references to all queries, until the next full garbage collection.
 */
export interface QueryQueue<Query> {
  /** Whether both limits are reached. */
  readonly isFull: boolean
  /** The query that the server runs now: the oldest one that is sent and not answered. */
  readonly running: Query | undefined
  /** Appends a query to the waiting ones. */
  add(query: Query): void
  /** Moves waiting queries to the sent ones up to the limit, and calls `send` for each. */
  advance(send: (query: Query) => void): void
  /** Adds a query to the sent ones without waiting, because it is sent a second time. */
  resend(query: Query): void
  /** Removes a query that is answered. */
  answered(query: Query): void
  /** Removes a query if it still waits. */
  withdraw(query: Query): void
}

export interface QueueLimits {
  /** Maximum number of queries that are sent and not answered. */
  readonly maxInFlight: number
  /** Maximum number of queries that wait to be sent. */
  readonly maxWaiting: number
}

export function createQueryQueue<Query>({ maxInFlight, maxWaiting }: QueueLimits): QueryQueue<Query> {
  const waiting: Query[] = []
  /** In the order in which the server runs them. */
  const sent: Query[] = []
  return {
    get isFull() {
      return sent.length >= maxInFlight && waiting.length >= maxWaiting
    },
    get running() {
      return sent[0]
    },
    add: (query) => void waiting.push(query),
    advance(send) {
      while (sent.length < maxInFlight) {
        const query = waiting.shift()
        if (query === undefined) return
        sent.push(query)
        send(query)
      }
    },
    resend: (query) => void sent.push(query),
    answered: (query) => remove(sent, query),
    withdraw: (query) => remove(waiting, query),
  }
}

function remove<T>(list: T[], one: T): void {
  const place = list.indexOf(one)
  if (place >= 0) list.splice(place, 1)
}
