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

/** The server of a lane: connects, cancels, and receives events. */
export interface LaneServer {
  connect(): Promise<LaneSession>
  /** Cancels the running statement of the connection. Never rejects; false if the request may still arrive later. */
  cancel(client: pg.Client): Promise<boolean>
  /** Called when a connection has ended or is replaced. */
  onLost(code: string): void
  /** Called when a connection is destroyed because the server does not answer. */
  onSilent(): void
}

export type Opened = Promise<BatchClient<pg.Client>>

/** The connection of a lane. Connects on first use, and again after the connection has ended. */
export interface LaneConnection {
  /** The current connection; connects if there is none. */
  current(): Opened
  /** Replaces the connection for further queries. Pending queries on the old one may still be answered. */
  abandon(lost: Opened, code: string): void
  /** Replaces the connection if no query is pending on it. Called when another connection to the server is silent. */
  replaceIdle(): void
  /**
   * Cancels the running query if `isRunning` still returns true once the connection is open.
   *
   * @returns false at once while an earlier cancel request is pending
   */
  cancel(isRunning: () => boolean): Promise<boolean>
  /** Number of cancel requests so far, and of those that cannot hit a query any more. */
  readonly cancels: { readonly begun: number; readonly ended: number }
  /** Ends the connection; destroys it after half a second. */
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
  /** Returns false if the connection was reported as lost before: each of its queries reports the loss. */
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
        // The request may still arrive and would cancel a later query.
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
  const endConnection = () => closing.then(({ client }) => client.end()).catch(() => undefined)
  const isEnded = await closeWithin(closeMs, { [Symbol.asyncDispose]: endConnection })
  if (!isEnded) closing.then(({ client }) => destroyConnection(client)).catch(() => undefined)
}
