/**
 * Queries of a lane: some are sent, the others wait for their turn. Arrays, not sets: what a set or map outgrows stays in memory,
 * with all that went through it, until the next full garbage collection.
 */
export interface QueryQueue<Query> {
  /** Whether another query would exceed the bounds. */
  readonly isFull: boolean
  /** The query that the server runs now: of those sent, the first one that is not answered. */
  readonly running: Query | undefined
  /** Adds a query behind those that wait. */
  add(query: Query): void
  /** Moves waiting queries to the sent ones, as many as the bound allows, and calls `send` for each. */
  advance(send: (query: Query) => void): void
  /** Counts a query as sent without waiting: one that is sent a second time. */
  resend(query: Query): void
  /** Forgets a query that is answered. */
  answered(query: Query): void
  /** Forgets a query if it still waits. */
  withdraw(query: Query): void
}

export interface QueueLimits {
  /** Most queries that are sent and not answered. */
  readonly maxInFlight: number
  /** Most queries that wait behind those. */
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
