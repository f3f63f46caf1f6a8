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

/** Counts the selectors of each server, by the newest entry of a selector. */
export function prepareServerCounts({ selectors, servers }: Projection): () => Statement {
  const statements = createStatements()
  const lastSeen = selectors.columns.lastSeen.sql
  const server = servers.columns.server.sql
  const statement = () => sql`SELECT server, count(*), max(seen), min(seen) FROM (
      SELECT DISTINCT ON (${selectors.columns.id.sql}, ${selectors.columns.exact.sql}) ${server} AS server, ${lastSeen} AS seen
      FROM ${servers.table} JOIN ${selectors.table} ON ${servers.ofSelector} AND ${selectors.exists} WHERE ${servers.isServer}
      ORDER BY ${selectors.columns.id.sql}, ${selectors.columns.exact.sql}, ${servers.rowid} DESC) AS newest
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
