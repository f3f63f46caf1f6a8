import { sql } from 'drizzle-orm'
import type { Statement, Values } from '../../database/database.ts'
import type { Projection } from '../../sipis/projection.ts'
import { createStatements } from '../statements.ts'

/** The instances that the database has for one SIPIS process. */
export interface ServerCount {
  readonly name: string
  readonly instances: number
  readonly newestSeen: string
  readonly oldestSeen: string
}

export const mostServers = 100

/**
 * Counts the selectors of each server, by the newest entry of a selector. Entries are joined before they are sorted, by OFFSET 0: the session
 * of the statistics avoids a sort, and would look for the entries of each selector in turn.
 */
export function prepareServerCounts({ selectors, servers }: Projection): () => Statement {
  const statements = createStatements()
  const { id, exact, lastSeen } = selectors.columns
  const server = servers.columns.server.sql
  const statement = () => sql`SELECT server, count(*), max(seen), min(seen) FROM (
      SELECT DISTINCT ON (id, exact) server, seen FROM (
        SELECT ${id.sql} AS id, ${exact.sql} AS exact, ${server} AS server, ${lastSeen.sql} AS seen, ${servers.rowid} AS entry
        FROM ${servers.table} JOIN ${selectors.table} ON ${servers.ofSelector} AND ${selectors.exists} WHERE ${servers.isServer} OFFSET 0) AS entries
      ORDER BY id, exact, entry DESC) AS newest
    WHERE server <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${sql.raw(String(mostServers))}`
  return () => statements('servers', [], {}, statement)
}

export function serverCountsOf(rows: readonly Values[]): ServerCount[] {
  return rows.map(([name = null, instances, newestSeen = null, oldestSeen = null]) => ({
    name: String(name),
    instances: Number(instances),
    newestSeen: String(newestSeen),
    oldestSeen: String(oldestSeen),
  }))
}
