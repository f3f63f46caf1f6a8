import type { DatabaseTarget } from '../../config/database-target.ts'
import { answerWithin, Client, destroyConnection, keepAliveMs } from '../../database/client.ts'
import type { Database, Value } from '../../database/database.ts'
import { render } from '../../database/database.ts'
import type { Settings } from '../../database/session.ts'
import { prepareSession, readingSettings } from '../../database/session.ts'
import { Problem } from '../../errors/problem.ts'
import type { Side } from '../copy/databases/session.ts'
import { SideError } from '../copy/databases/session.ts'
import { poolerProblem } from '../writer.ts'

/** A connection to one of the two databases. Each statement has a deadline, after which the connection is destroyed. */
export interface Session extends AsyncDisposable {
  readonly side: Side
  readonly label: string
  readonly encoding: string
  /** @throws SideError */
  query(text: string, values?: readonly unknown[]): Promise<Value[][]>
  /**
   * Runs a statement that writes.
   *
   * @returns the number of rows it has written
   * @throws SideError
   */
  write(text: string, values?: readonly unknown[]): Promise<number>
}

const statementMs = 30_000
/** The server cancels a statement that takes too long; after this grace period it is considered dead. */
const graceMs = 5_000
const connectMs = 10_000
/** After a signal, a statement may still take so long. */
const stopMs = 4_000

const writingSettings: Settings = {
  default_transaction_read_only: "'off'",
  statement_timeout: `'${statementMs}'`,
  lock_timeout: "'10000'",
  idle_in_transaction_session_timeout: `'${4 * statementMs}'`,
  // The server notices that a client has died, so that its lock does not keep the next one out.
  tcp_keepalives_idle: "'10'",
  tcp_keepalives_interval: "'5'",
  tcp_keepalives_count: "'3'",
}

const settings: Readonly<Record<Side, Settings>> = {
  // One transaction reads all rows while others look and write.
  source: { ...readingSettings(statementMs), idle_in_transaction_session_timeout: `'${20 * statementMs}'` },
  target: writingSettings,
}

export async function openSession(
  side: Side,
  { connection, label }: DatabaseTarget,
  signal: AbortSignal,
): Promise<Session> {
  const client = new Client({
    connectionTimeoutMillis: connectMs,
    ...connection,
    application_name: 'sipis-gateway archive',
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    types: { getTypeParser: () => (value: string) => value },
  })
  const onAbort = () => setTimeout(() => destroyConnection(client, new Error('interrupted')), stopMs).unref()
  signal.addEventListener('abort', onAbort)
  const close = async () => {
    signal.removeEventListener('abort', onAbort)
    await client.end().catch(() => undefined)
  }
  const send = async (text: string, values: readonly unknown[] = []) => {
    try {
      const answer = client.query<Value[]>({ text, values: [...values], rowMode: 'array' })
      return await answerWithin(client, statementMs + graceMs, answer)
    } catch (error) {
      throw new SideError(side, error)
    }
  }
  try {
    await client.connect()
    const prologue = await answerWithin(client, connectMs, prepareSession(client, settings[side]))
    if (prologue !== undefined) throw poolerProblem(label)
    const { rows } = await send(`SELECT current_setting('server_encoding')`)
    return {
      side,
      label,
      encoding: String(rows[0]?.[0]),
      query: async (text, values) => (await send(text, values)).rows,
      write: async (text, values) => (await send(text, values)).rowCount ?? 0,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error instanceof Problem ? error : new SideError(side, error)
  }
}

/** The session as the database of a reader. */
export function databaseOf({ query }: Session): Database {
  return {
    query(statement) {
      const { text, values } = render(statement)
      return query(text, values)
    },
    close: async () => undefined,
  }
}
