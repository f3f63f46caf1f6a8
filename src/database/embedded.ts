import { PGlite, types } from '@electric-sql/pglite'
import { cancelled, databaseError } from '../errors/database-error.ts'
import type { Database } from './database.ts'
import { render } from './database.ts'
import { readSnapshot } from './embedded-snapshot.ts'
import { pinSearchPath } from './search-path.ts'

const unchanged = (value: string) => value
/** As with a server, values stay as PostgreSQL prints them. */
export const asText = Object.fromEntries(Object.values(types).map((oid) => [oid, unchanged]))

/** PostgreSQL in this process, in memory only: for the demo and for tests, not for load. */
export async function startEmbedded(): Promise<PGlite> {
  const files = readSnapshot()
  const server = new PGlite(files === undefined ? {} : { loadDataDir: files })
  await server.waitReady
  return server
}

/** The embedded database as readers see it. It is one session, so it is made read-only once it is filled. */
export async function openEmbedded(server: PGlite): Promise<Database> {
  await server.exec(
    `${pinSearchPath} SET default_transaction_read_only = on; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'`,
  )
  return {
    async query(statement, signal) {
      // It runs in this process, one statement after the other: what has begun cannot be ended from outside.
      if (signal?.aborted) throw cancelled()
      const { text, values } = render(statement)
      try {
        const { rows } = await server.query<(string | null)[]>(text, [...values], { rowMode: 'array', parsers: asText })
        return rows
      } catch (error) {
        throw databaseError(error)
      }
    },
    close: () => server.close(),
  }
}
