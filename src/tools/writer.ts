import type pg from 'pg'
import type { ConnectionConfig } from '../database/client.ts'
import { answerWithin, Client } from '../database/client.ts'
import { pinSearchPath } from '../database/search-path.ts'
import { databaseError } from '../errors/database-error.ts'

/** One connection that may write, for the commands whose purpose that is. It searches pg_catalog alone, as those that read. */
export interface Writer extends AsyncDisposable {
  readonly client: pg.Client
}

/** How long a server may take to connect, and to answer the first statement. */
const answerMs = 10_000

export async function openWriter(connection: ConnectionConfig, applicationName: string): Promise<Writer> {
  const client = new Client({ connectionTimeoutMillis: answerMs, ...connection, application_name: applicationName })
  // A statement reports a lost connection; an error event without a listener would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await answerWithin(client, answerMs, client.query(pinSearchPath))
  } catch (error) {
    await client.end()
    throw databaseError(error)
  }
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
