import type pg from 'pg'
import type { ConnectionConfig } from '../database/client.ts'
import { answerWithin, Client } from '../database/client.ts'
import { render } from '../database/database.ts'
import { pinSearchPath, searchedSchemas } from '../database/search-path.ts'
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

/**
 * Sets search_path to its first schema, because the migrations create tables without a schema name. They qualify all functions, and
 * the operators that another schema could replace.
 */
export async function searchFirstSchema(client: pg.Client, label: string): Promise<void> {
  const { rows } = await client.query<{ path: string | null }>(
    `SELECT set_config('search_path', quote_ident((${render(searchedSchemas).text})[1]), false) AS path`,
  )
  if (rows[0]?.path) return
  throw new Problem(
    `${label} has none of the schemas in the search_path of this role. Create one of them, or run ALTER ROLE … SET search_path TO public.`,
  )
}
