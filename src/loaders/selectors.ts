import DataLoader from 'dataloader'
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Database, Value } from '../database/database.ts'
import { decoder, selectList } from '../versions/columns.ts'
import type { Projection, SelectorRow } from '../versions/projection.ts'
import type { Page, Window } from './keyset.ts'
import type { Usage } from './usage.ts'
import { where } from './where.ts'

export interface SelectorFilter {
  readonly prefix?: string | null | undefined
  readonly suffix?: string | null | undefined
  readonly appId?: string | null | undefined
  readonly lastSeenSince?: string | null | undefined
  readonly lastSeenUntil?: string | null | undefined
}

export interface Selectors {
  byName(selector: string): Promise<SelectorRow | null>
  page(filter: SelectorFilter, window: Window): Promise<Page<SelectorRow>>
  count(filter: SelectorFilter): Promise<number>
}

export function openSelectors(database: Database, projection: Projection, usage: Usage): Selectors {
  const { selectors } = projection
  const list = selectList(selectors.columns)
  const decode = selectorDecoder(projection, usage)

  const names = new DataLoader<string, SelectorRow | null>(async (asked) => {
    const found = await database.query(sql`SELECT k.n, ${list}
      FROM unnest(${sql.param([...asked])}::text[]) WITH ORDINALITY AS k(name, n)
      JOIN ${selectors.table} ON ${selectors.columns.selector.sql} = k.name`)
    const byNumber = new Map(found.map((values) => [Number(values[0]), decode(values, 1)]))
    return asked.map((_, index) => byNumber.get(index + 1) ?? null)
  })

  return {
    byName: (selector) => names.load(selector),
    async page(filter, window) {
      const found = await database.query(sql`SELECT ${list} FROM ${selectors.table}
        WHERE ${where([...conditions(projection, filter), window.condition])}
        ORDER BY ${window.orderBy} LIMIT ${window.limit}`)
      return window.cut(found.map((values) => decode(values, 0)))
    },
    async count(filter) {
      const [counted] = await database.query(
        sql`SELECT count(*) FROM ${selectors.table} WHERE ${where(conditions(projection, filter))}`,
      )
      return Number(counted?.[0])
    },
  }
}

function conditions({ selectors, tokens }: Projection, filter: SelectorFilter): SQL[] {
  const { selector, lastSeen } = selectors.columns
  const found = [selectors.exists]
  if (filter.prefix != null) found.push(sql`${selector.sql} LIKE ${likePrefix(filter.prefix)}`)
  if (filter.suffix != null) found.push(sql`${selectors.suffix} = ${withColon(filter.suffix)}`)
  if (filter.appId != null) {
    found.push(sql`EXISTS (SELECT FROM ${tokens.table}
      WHERE ${tokens.ofSelector} AND ${tokens.columns.appId.sql} = ${filter.appId})`)
  }
  if (filter.lastSeenSince != null) found.push(sql`${lastSeen.sql} >= ${filter.lastSeenSince}::timestamptz`)
  if (filter.lastSeenUntil != null) found.push(sql`${lastSeen.sql} < ${filter.lastSeenUntil}::timestamptz`)
  return found
}

function likePrefix(prefix: string): string {
  return `${prefix.replaceAll(/[\\%_]/g, '\\$&')}%`
}

/** SIPIS indexes the suffix with its colon; people leave it out. */
function withColon(suffix: string): string {
  return suffix.startsWith(':') ? suffix : `:${suffix}`
}

/** Decodes a selector, and notes that something of it was read. */
export function selectorDecoder(
  { selectors }: Projection,
  usage: Usage,
): (values: Value[], offset: number) => SelectorRow {
  const decode = decoder(selectors.columns)
  return (values, offset) => {
    const row = decode(values, offset)
    usage.selectors.add(row.selector)
    return row
  }
}
