import type pg from 'pg'
import { databaseError } from '../errors/database-error.ts'
import type { BatchClient } from './batch.ts'
import { createBatchClient } from './batch.ts'

/** How a lane reaches its server. */
export interface LaneServer {
  connect(): Promise<pg.Client>
  /** Cancels what the connection runs at this moment. Never fails. */
  cancel(client: pg.Client): Promise<void>
  /** Called when a connection has ended, or is replaced. */
  onLost(code: string): void
}

export type Opened = Promise<BatchClient<pg.Client>>

/** The connection of a lane. It is made when it is first needed, and again after it has ended. */
export interface LaneConnection {
  /** The connection for the next queries. */
  current(): Opened
  /** Uses another connection from now on. Queries that are under way on this one may still be answered. */
  abandon(lost: Opened, code: string): void
  /**
   * Cancels the query that runs, if it is still the one that `isRunning` means once there is a connection. Resolves with false at
   * once while an earlier request is under way.
   */
  cancel(isRunning: () => boolean): Promise<boolean>
  /** How many cancel requests have been made so far. */
  readonly cancels: number
  close(): Promise<void>
}

export function openLaneConnection(server: LaneServer, preparedStatements: boolean): LaneConnection {
  let opened: Opened | undefined
  let isCancelling = false
  let cancels = 0

  const forget = (lost: Opened) => {
    if (opened === lost) opened = undefined
  }
  const lose = (lost: Opened, code: string) => {
    if (opened === lost) server.onLost(code)
    forget(lost)
  }
  const connect = (): Opened => {
    const connecting = server.connect().then((client) => createBatchClient(client, preparedStatements))
    connecting.then(
      ({ client }) => {
        client.once('error', (error) => lose(connecting, databaseError(error).code))
        client.once('end', () => lose(connecting, 'ENDED'))
      },
      () => forget(connecting),
    )
    return connecting
  }

  return {
    current() {
      opened ??= connect()
      return opened
    },
    abandon(lost, code) {
      lose(lost, code)
      lost.then(({ client }) => client.end()).catch(() => undefined)
    },
    async cancel(isRunning) {
      if (isCancelling) return false
      isCancelling = true
      cancels++
      try {
        const found = await opened?.catch(() => undefined)
        if (found !== undefined && isRunning()) await server.cancel(found.client)
      } finally {
        isCancelling = false
      }
      return true
    },
    get cancels() {
      return cancels
    },
    async close() {
      const closing = opened
      opened = undefined
      const found = await closing?.catch(() => undefined)
      await found?.client.end()
    },
  }
}
