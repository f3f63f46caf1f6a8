import { sql } from 'drizzle-orm'
import type { Statement, Value } from '../../database/database.ts'
import type { PeerColumns, Projection } from '../../sipis/projection.ts'
import { where } from '../condition.ts'
import { createStatements } from '../statements.ts'
import type { Span } from './span.ts'
import { spanValues, withinSpan } from './span.ts'

export interface TopCaller {
  readonly caller: PeerColumns
  readonly count: number
  readonly selectors: number
  readonly lastTime: string
}

/**
 * The callers with the most calls, by user name and domain; a domain in any case is the same. Selectors are counted for these only, which
 * saves nine tenths of the time. The rest of the address is that of the newest call.
 */
export function prepareTopCallers({ calls }: Projection): (span: Span, first: number) => Statement {
  const statements = createStatements()
  const { time, username, domain, scheme, displayName, port } = calls.columns
  const user = username.sql
  const host = sql`lower(${domain.sql} COLLATE "C")`
  const inSpan = where([], withinSpan(time.sql))
  const statement = () => sql`WITH counted AS (
      SELECT ${user} AS u, ${host} AS d, count(*) AS n, max(${time.sql}) AS t FROM ${calls.table} WHERE ${inSpan} GROUP BY 1, 2),
    top AS (SELECT * FROM counted ORDER BY n DESC, u COLLATE "C", d COLLATE "C" LIMIT ${sql.placeholder('first')}::int),
    called AS (
      SELECT u, d, count(*) AS selectors FROM (
        SELECT DISTINCT top.u, top.d, ${calls.link} FROM ${calls.table} JOIN top ON ${user} = top.u AND ${host} = top.d WHERE ${inSpan}) AS each
      GROUP BY 1, 2)
    SELECT top.u, top.d, top.n, called.selectors, top.t, newest.* FROM top JOIN called USING (u, d) CROSS JOIN LATERAL (
      SELECT ${scheme.sql}, ${displayName.sql}, ${port.sql} FROM ${calls.table}
      WHERE ${time.sql} = top.t AND ${user} = top.u AND ${host} = top.d LIMIT 1) AS newest
    ORDER BY top.n DESC, top.u COLLATE "C", top.d COLLATE "C"`
  return (span, first) => statements('top callers', [], { ...spanValues(span), first }, statement)
}

export function topCallersOf({ calls }: Projection, rows: readonly Value[][]): TopCaller[] {
  const { scheme, displayName, username, domain, port } = calls.columns
  return rows.map(([u = null, d = null, count, selectors, lastTime, s = null, name = null, p = null]) => ({
    caller: {
      scheme: scheme.parse(s),
      displayName: displayName.parse(name),
      username: username.parse(u),
      domain: domain.parse(d),
      port: port.parse(p),
    },
    count: Number(count),
    selectors: Number(selectors),
    lastTime: String(lastTime),
  }))
}
