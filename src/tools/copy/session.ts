import type pg from 'pg'
import type { DatabaseTarget } from '../../config/database-target.ts'
import { cancelStatement } from '../../database/cancel.ts'
import { answerWithin, Client } from '../../database/client.ts'
import { copyingSettings, prepareSession } from '../../database/session.ts'
import { databaseError } from '../../errors/database-error.ts'
import { Problem } from '../../errors/problem.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { findSchemas } from '../../sipis/schemas.ts'
import { poolerProblem } from '../writer.ts'
import { copiedTables } from './plan.ts'

/** A database that answers statements with rows as text. */
export interface Source {
  /** Schemas of those of its tables that a copy reads or writes. */
  readonly schemas: Schemas
  /** @throws DatabaseError */
  query(statement: string, values?: readonly unknown[]): Promise<(string | null)[][]>
}

/** One connection of the copy, with fixed values for all settings that affect the text of values. */
export interface Session extends Source, AsyncDisposable {
  readonly label: string
  readonly encoding: string
  readonly client: pg.Client
  /** Cancels the running statement through another connection. Destroys the connection if the server does not answer. */
  cancel(): Promise<void>
}

/** Timeout for connecting and for the first statements. */
const answerMs = 10_000
/** Timeout for cancelling a statement. */
const cancelMs = 5_000

/**
 * Opens a session.
 *
 * @param signal aborts the attempt, so that an unresponsive server does not delay an interrupted command
 */
export async function openSession(
  { connection, label }: DatabaseTarget,
  lockTimeoutMs: number,
  signal: AbortSignal,
): Promise<Session> {
  const config = { connectionTimeoutMillis: answerMs, ...connection, application_name: 'sipis-gateway copy' }
  const client = new Client({ ...config, types: { getTypeParser: () => (value: string) => value } })
  // The running statement reports a lost connection; an unhandled 'error' event would end the process.
  client.on('error', () => undefined)
  const query = async (text: string, values: readonly unknown[] = []) => {
    try {
      const { rows } = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })
      return rows
    } catch (error) {
      throw databaseError(error)
    }
  }
  const setUp = async () => {
    if ((await prepareSession(client, copyingSettings(lockTimeoutMs))) !== undefined) throw poolerProblem(label)
    const [[encoding] = []] = await query(`SELECT current_setting('server_encoding')`)
    return { encoding: String(encoding), schemas: await findSchemas(query, copiedTables) }
  }
  const giveUp = () => client.connection.stream.destroy(new Error('interrupted'))
  signal.addEventListener('abort', giveUp)
  try {
    if (signal.aborted) throw new Error('interrupted')
    await client.connect()
    const { encoding, schemas } = await answerWithin(client, answerMs, setUp())
    return {
      label,
      encoding,
      client,
      schemas,
      query,
      async cancel() {
        setTimeout(giveUp, cancelMs).unref()
        await cancelStatement(client, connection.ssl)
      },
      [Symbol.asyncDispose]: () => client.end(),
    }
  } catch (error) {
    await client.end()
    throw error instanceof Problem ? error : databaseError(error)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
