import pg from 'pg'
import { databaseError } from './database-error.ts'
import { pinSearchPath } from './search-path.ts'

/** One connection that may write, for the commands whose purpose that is. It searches pg_catalog alone, as those that read. */
export interface Writer extends AsyncDisposable {
  readonly client: pg.Client
}

export async function openWriter(connection: pg.ClientConfig, applicationName: string): Promise<Writer> {
  const client = new pg.Client({ ...connection, application_name: applicationName, connectionTimeoutMillis: 10_000 })
  // Its end is told by the statement that runs; without a listener it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(pinSearchPath)
  } catch (error) {
    throw databaseError(error)
  }
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
