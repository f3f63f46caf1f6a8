import type pg from 'pg'
import { closeWithin } from '../concurrency/close-within.ts'
import { databaseError, silentCode } from '../errors/database-error.ts'
import type { BatchClient, BatchClientOptions } from './batch.ts'
import { createBatchClient } from './batch.ts'
import { closeMs, destroyConnection } from './client.ts'
import type { Statement } from './database.ts'

export interface LaneSession {
  readonly client: pg.Client
  /** See `prepareSession`. */
  readonly prologue: Statement | undefined
}

/** How a lane reaches its server. */
export interface LaneServer {
  connect(): Promise<LaneSession>
  /** Cancels what the connection runs at this moment. Never fails; false if it is not certain that the server is done with it. */
  cancel(client: pg.Client): Promise<boolean>
  /** Called when a connection has ended, or is replaced. */
  onLost(code: string): void
  /** Called when the server has not answered for so long that the connection is destroyed. */
  onSilent(): void
}

export type Opened = Promise<BatchClient<pg.Client>>

/** The connection of a lane. It is made when it is first needed, and again after it has ended. */
export interface LaneConnection {
  /** The connection for the next queries. */
  current(): Opened
  /** Uses another connection from now on. Queries that are under way on this one may still be answered. */
  abandon(lost: Opened, code: string): void
  /** Uses another connection from now on if no query is under way on this one: another one to the same server is silent. */
  replaceIdle(): void
  /**
   * Cancels the query that runs, if it is still the one that `isRunning` means once there is a connection. Resolves with false at
   * once while an earlier request is under way.
   */
  cancel(isRunning: () => boolean): Promise<boolean>
  /** How many cancel requests have been made so far, and how many of them can hit nothing any more. */
  readonly cancels: { readonly begun: number; readonly ended: number }
  /** Ends the connection; if that takes longer than half a second, without the server. */
  close(): Promise<void>
}

export type LaneConnectionOptions = Omit<BatchClientOptions, 'onSilent' | 'prologue'>

export function openLaneConnection(server: LaneServer, options: LaneConnectionOptions): LaneConnection {
  let opened: Opened | undefined
  let known: BatchClient<pg.Client> | undefined
  let isClosed = false
  const cancels = { begun: 0, ended: 0 }

  const forget = (lost: Opened) => {
    if (opened !== lost) return false
    opened = undefined
    known = undefined
    return true
  }
  /** Returns whether it was in use. Each query of a lost connection says so once more. */
  const lose = (lost: Opened, code: string) => {
    const wasInUse = forget(lost)
    if (wasInUse) server.onLost(code)
    return wasInUse
  }
  const connect = (): Opened => {
    const connecting = server
      .connect()
      .then(({ client, prologue }) => createBatchClient(client, { ...options, prologue, onSilent: server.onSilent }))
    connecting.then(
      (session) => {
        if (opened === connecting) known = session
        session.client.once('error', (error) => lose(connecting, databaseError(error).code))
        session.client.once('end', () => lose(connecting, 'ENDED'))
      },
      () => forget(connecting),
    )
    return connecting
  }

  return {
    current() {
      if (isClosed) return Promise.reject(databaseError(new Error('the database is closed')))
      opened ??= connect()
      return opened
    },
    abandon(lost, code) {
      if (!lose(lost, code)) return
      lost.then(({ client }) => client.end()).catch(() => undefined)
    },
    replaceIdle() {
      if (opened === undefined || known?.watch.isIdle !== true) return
      const { client } = known
      lose(opened, silentCode)
      destroyConnection(client)
    },
    async cancel(isRunning) {
      if (cancels.begun > cancels.ended) return false
      cancels.begun++
      try {
        const found = await opened?.catch(() => undefined)
        if (found === undefined || !isRunning()) return true
        // A request that may still be on its way would cancel a later query.
        if (!(await server.cancel(found.client))) destroyConnection(found.client)
      } finally {
        cancels.ended++
      }
      return true
    },
    cancels,
    async close() {
      isClosed = true
      const closing = opened
      opened = undefined
      if (closing !== undefined) await end(closing)
    },
  }
}

async function end(closing: Opened): Promise<void> {
  const goodbye = () => closing.then(({ client }) => client.end()).catch(() => undefined)
  const isEnded = await closeWithin(closeMs, { [Symbol.asyncDispose]: goodbye })
  if (!isEnded) closing.then(({ client }) => destroyConnection(client)).catch(() => undefined)
}
