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

/** The selectors of each caller fit into the memory of the session. */
const mostAtOnce = 300_000

/**
 * The callers with the most calls, by user name and domain; a domain in any case is the same. The rest of the address is that of the newest
 * call. Where there are many calls, selectors are counted for the first callers only, by reading the calls once more.
 *
 * @param rows estimate of the calls in the span
 */
export function prepareTopCallers({ calls }: Projection): (span: Span, first: number, rows: number) => Statement {
  const statements = createStatements()
  const { time, username, domain, scheme, displayName, port } = calls.columns
  const user = username.sql
  const host = sql`lower(${domain.sql} COLLATE "C")`
  const inSpan = where([], withinSpan(time.sql))
  const ofEach = sql`SELECT ${user} AS u, ${host} AS d, ${calls.link} AS key, count(*) AS n, max(${time.sql}) AS t
    FROM ${calls.table} WHERE ${inSpan} GROUP BY 1, 2, 3`
  const firstOf = (counted: SQL) => sql`SELECT * FROM (${counted}) AS counted
    ORDER BY n DESC, u COLLATE "C", d COLLATE "C" LIMIT ${sql.placeholder('first')}::int`
  const atOnce = sql`WITH top AS (${firstOf(sql`SELECT u, d, sum(n) AS n, count(*) AS selectors, max(t) AS t FROM (${ofEach}) AS each GROUP BY 1, 2`)})`
  // Not a condition to hash by: the domain is put into lower case for the few calls with the same user name only.
  const ofHost = sql`(${host} = first.d) IS TRUE`
  const inTwo = sql`WITH first AS (
      ${firstOf(sql`SELECT ${user} AS u, ${host} AS d, count(*) AS n, max(${time.sql}) AS t FROM ${calls.table} WHERE ${inSpan} GROUP BY 1, 2`)}),
    called AS (
      SELECT u, d, count(*) AS selectors FROM (
        SELECT DISTINCT first.u, first.d, ${calls.link} FROM ${calls.table} JOIN first ON ${user} = first.u AND ${ofHost} WHERE ${inSpan}) AS each
      GROUP BY 1, 2),
    top AS (SELECT u, d, n, selectors, t FROM first JOIN called USING (u, d))`
  const statement = (top: SQL) => sql`${top}
    SELECT top.u, top.d, top.n, top.selectors, top.t, newest.* FROM top CROSS JOIN LATERAL (
      SELECT ${scheme.sql}, ${displayName.sql}, ${port.sql} FROM ${calls.table}
      WHERE ${time.sql} = top.t AND ${user} = top.u AND ${host} = top.d LIMIT 1) AS newest
    ORDER BY top.n DESC, top.u COLLATE "C", top.d COLLATE "C"`
  return (span, first, rows) => {
    const isFew = rows <= mostAtOnce
    const values = { ...spanValues(span), first }
    return statements(`top callers ${isFew}`, [], values, () => statement(isFew ? atOnce : inTwo))
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
