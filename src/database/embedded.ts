import type { PGliteOptions } from '@electric-sql/pglite'
import { PGlite, types } from '@electric-sql/pglite'
import { cancelled, databaseError } from '../errors/database-error.ts'
import type { Database } from './database.ts'
import { render } from './database.ts'
import { pinSearchPath } from './search-path.ts'
import type { Contents } from './snapshot.ts'
import { readSnapshot } from './snapshot.ts'

const unchanged = (value: string) => value
/** Parsers that keep values as PostgreSQL prints them, as for a server. */
export const asText = Object.fromEntries(Object.values(types).map((oid) => [oid, unchanged]))

/** The files are in memory, too, so that few buffers are enough. To prepare the default of 128 MB takes a fifth of a start. */
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB']

/**
 * Starts PostgreSQL in this process, in memory only. For the demo and for tests.
 *
 * @param files the snapshot of the contents, if it has been read before
 */
export async function startEmbedded(
  contents: Contents | undefined,
  files: Blob | undefined = contents && readSnapshot(contents),
): Promise<PGlite> {
  if (contents === undefined) return started({})
  if (files !== undefined) return started({ loadDataDir: files })
  const server = await startEmbedded(contents.base)
  await contents.fill(server)
  return server
}

async function started(options: PGliteOptions): Promise<PGlite> {
  const server = new PGlite({ startParams, ...options })
  await server.waitReady
  return server
}

/** Opens the embedded database for reading. Its only session becomes read-only, so fill it first. */
export async function openEmbedded(server: PGlite): Promise<Database> {
  await server.exec(
    `${pinSearchPath} SET default_transaction_read_only = on; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'`,
  )
  return {
    async query(statement, signal) {
      // A running statement cannot be cancelled, because it runs in this process.
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
