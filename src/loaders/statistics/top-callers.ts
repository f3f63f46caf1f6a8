import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Statement, Values } from '../../database/database.ts'
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

/** So many calls fit into the memory of the session, with what is needed of each. */
const mostInMemory = 200_000

/**
 * The callers with the most calls, by user name and domain; a domain in any case is the same. The rest of the address is that of the newest
 * call. Selectors are counted for these callers only: the calls are read twice, from memory where they fit, otherwise from the table.
 *
 * @param rows estimate of the calls in the span
 */
export function prepareTopCallers({ calls }: Projection): (span: Span, first: number, rows: number) => Statement {
  const statements = createStatements()
  const { time, username, domain, scheme, displayName, port } = calls.columns
  const user = username.sql
  const host = sql`lower(${domain.sql} COLLATE "C")`
  const largestFirst = sql`n DESC, u COLLATE "C", d COLLATE "C"`
  // Not a condition to hash by: from the table, the domain is put into lower case for the few calls with the same user name only.
  const ofHost = sql`(called.d = first.d) IS TRUE`
  const statement = (read: SQL) => sql`WITH called AS ${read} (
      SELECT ${user} AS u, ${host} AS d, ${calls.link} AS key, ${time.sql} AS t FROM ${calls.table} WHERE ${where([], withinSpan(time.sql))}),
    first AS (
      SELECT *, row_number() OVER (ORDER BY ${largestFirst}) AS place FROM (
        SELECT u, d, count(*) AS n FROM called GROUP BY 1, 2 ORDER BY ${largestFirst} LIMIT ${sql.placeholder('first')}::int) AS largest),
    top AS (
      SELECT place, count(*) AS selectors, max(t) AS t FROM (
        SELECT place, key, max(t) AS t FROM called JOIN first ON called.u = first.u AND ${ofHost} GROUP BY 1, 2) AS each
      GROUP BY 1)
    SELECT first.u, first.d, first.n, top.selectors, top.t, newest.* FROM first JOIN top USING (place) CROSS JOIN LATERAL (
      SELECT ${scheme.sql}, ${displayName.sql}, ${port.sql} FROM ${calls.table}
      WHERE ${time.sql} = top.t AND ${user} = first.u AND ${host} = first.d LIMIT 1) AS newest
    ORDER BY place`
  return (span, first, rows) => {
    const read = rows <= mostInMemory ? 'MATERIALIZED' : 'NOT MATERIALIZED'
    const values = { ...spanValues(span), first }
    return statements(`top callers ${read}`, [], values, () => statement(sql.raw(read)))
  }
}

export function topCallersOf({ calls }: Projection, rows: readonly Values[]): TopCaller[] {
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
