import type pg from 'pg'
import type { ConnectionConfig } from '../database/client.ts'
import { answerWithin, Client } from '../database/client.ts'
import { pinSearchPath } from '../database/search-path.ts'
import { isPooled } from '../database/session.ts'
import { databaseError } from '../errors/database-error.ts'
import { Problem } from '../errors/problem.ts'

/** A connection for the commands that write. Like those of readers, it searches pg_catalog alone. */
export interface Writer extends AsyncDisposable {
  readonly client: pg.Client
}

/** Timeout for connecting, and for the first statement. */
const answerMs = 10_000

/** @throws DatabaseError if the server cannot be reached or does not answer in time */
export async function openWriter(connection: ConnectionConfig, applicationName: string): Promise<Writer> {
  const client = new Client({ connectionTimeoutMillis: answerMs, ...connection, application_name: applicationName })
  // A statement reports a lost connection; an error event without a listener would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await answerWithin(client, answerMs, prepareWriter(client))
  } catch (error) {
    await client.end()
    throw error instanceof Problem ? error : databaseError(error)
  }
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function prepareWriter(client: pg.Client): Promise<void> {
  if (await isPooled(client)) throw poolerProblem('of this command')
  await client.query(pinSearchPath)
}

/** Settings of a session behind a pooler stay with it, for other programs: SIPIS perhaps. */
export function poolerProblem(label: string): Problem {
  return new Problem(
    `The database ${label} is reached through a connection pooler, such as PgBouncer. Connect to PostgreSQL itself: this command needs a session of its own.`,
    'POOLER',
  )
}
