import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { DatabaseTarget } from '../../../config/database-target.ts'
import { cancelStatement } from '../../../database/cancel.ts'
import { answerWithin, Client, destroyConnection, keepAliveMs } from '../../../database/client.ts'
import { copyingSettings, prepareSession } from '../../../database/session.ts'
import { DatabaseError, databaseError } from '../../../errors/database-error.ts'
import { Problem } from '../../../errors/problem.ts'
import type { Schemas } from '../../../sipis/schemas.ts'
import { findSchemas } from '../../../sipis/schemas.ts'
import { poolerProblem } from '../../writer.ts'
import { copiedTables } from '../plan/plan.ts'
import { watchServer } from './alive.ts'

/** A database that answers statements with rows as text. */
export interface Source {
  /** Schemas of those of its tables that a copy reads or writes. */
  readonly schemas: Schemas
  /** @throws DatabaseError */
  query(statement: string, values?: readonly unknown[]): Promise<(string | null)[][]>
}

/** Which of the two databases of a copy. */
export type Side = 'source' | 'target'

/** An error of one of the two databases. */
export class SideError extends DatabaseError {
  readonly side: Side

  constructor(side: Side, cause: unknown) {
    const { failure, code, message } = databaseError(cause)
    super(failure, code, message)
    this.side = side
  }
}

export const sideNames: Readonly<Record<Side, string>> = { source: 'the source (OLD)', target: 'the target (NEW)' }

/** Names a database within a sentence. */
export function inPlace({ side, label }: { readonly side: Side; readonly label: string }): string {
  return `${sideNames[side]}, ${label}`
}

/** One connection of the copy, with fixed values for all settings that affect the text of values. */
export interface Session extends Source, AsyncDisposable {
  readonly side: Side
  readonly label: string
  readonly encoding: string
  readonly client: pg.Client
  /** Cancels the running statement through another connection. Destroys the connection if the server does not answer. */
  cancel(): Promise<void>
}

/** Timeout for connecting and for the first statements. */
const answerMs = 10_000
/** Timeout for cancelling a statement. */
const cancelMs = 3_000
/** How long the server may take to hear that the connection ends. */
const goodbyeMs = 1_000

export interface SessionOptions {
  readonly lockTimeoutMs: number
  /** How long the server may stay silent while a statement runs. */
  readonly silenceMs: number
}

/**
 * Opens a session.
 *
 * @param signal aborts the attempt, so that an unresponsive server does not delay an interrupted command
 */
export async function openSession(
  side: Side,
  { connection, label }: DatabaseTarget,
  { lockTimeoutMs, silenceMs }: SessionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const client = new Client({
    connectionTimeoutMillis: answerMs,
    ...connection,
    application_name: 'sipis-gateway copy',
    // One side is idle while the other one works for hours: a NAT forgets the connection.
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    types: { getTypeParser: () => (value: string) => value },
  })
  const query = queryOf(side, client)
  const setUp = async () => {
    if ((await prepareSession(client, copyingSettings(lockTimeoutMs))) !== undefined) throw poolerProblem(label)
    await query(settingsOfSomeVersions)
    const [[encoding] = []] = await query(`SELECT current_setting('server_encoding')`)
    return { encoding: String(encoding), schemas: await findSchemas(query, copiedTables) }
  }
  const giveUp = () => destroyConnection(client, new Error('interrupted'))
  signal.addEventListener('abort', giveUp)
  try {
    if (signal.aborted) throw new Error('interrupted')
    await client.connect()
    const { encoding, schemas } = await answerWithin(client, answerMs, setUp())
    const watch = watchServer(client, silenceMs)
    return {
      side,
      label,
      encoding,
      client,
      schemas,
      query,
      async cancel() {
        setTimeout(giveUp, cancelMs).unref()
        await cancelStatement(client, connection.ssl)
      },
      async [Symbol.asyncDispose]() {
        watch[Symbol.dispose]()
        await close(client)
      },
    }
  } catch (error) {
    await close(client)
    throw error instanceof Problem ? error : new SideError(side, error)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function queryOf(side: Side, client: pg.Client): Source['query'] {
  return async (text, values = []) => {
    try {
      const { rows } = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })
      return rows
    } catch (error) {
      throw new SideError(side, error)
    }
  }
}

/** Settings that not every server has: a limit would end a copy that takes long. */
const settingsOfSomeVersions = `SELECT set_config(name, '0', false) FROM pg_settings
  WHERE name IN ('transaction_timeout', 'idle_session_timeout')`

/** Never fails, and never waits for a server that is gone. */
async function close(client: pg.Client): Promise<void> {
  const giveUp = new AbortController()
  const ended = client.end().catch(() => undefined)
  await Promise.race([ended, sleep(goodbyeMs, undefined, giveUp).catch(() => undefined)])
  giveUp.abort()
  destroyConnection(client)
}
