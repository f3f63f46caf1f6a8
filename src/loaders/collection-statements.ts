import { sql } from 'drizzle-orm'
import type { Statement } from '../database/database.ts'
import { selectList } from '../sipis/columns.ts'
import type { Projection } from '../sipis/projection.ts'
import { where } from './condition.ts'
import { lanes } from './lanes.ts'
import type { CollectionOptions, Identity, PageQuery, RowQuery } from './query.ts'
import { createPages, createStatements, hasUsualSize } from './statements.ts'

/** Statements of a collection. A batch number is the position of the key in the batch, from 1. */
export interface CollectionStatements {
  /** Columns: row, selector. */
  page(query: PageQuery): Statement
  count(query: RowQuery): Statement
  /** Columns: row; for several keys also the batch number. */
  pageOf(keys: readonly string[], query: PageQuery): Statement
  /** Columns: count; for several keys also the batch number. */
  countOf(keys: readonly string[], query: RowQuery): Statement
  /** Columns: row, selector, batch number. */
  byIdentity(identities: readonly Identity[]): Statement
}

export function collectionStatements<Row, Orphan extends null>(
  projection: Projection,
  { rows, identity, orphan, lane }: CollectionOptions<Row, Orphan>,
): CollectionStatements {
  const { selectors } = projection
  const scans = createPages()
  const lists = createPages({ planned: true })
  const lookUps = createPages(lane)
  const searches = createPages(lanes.searches)
  const counts = createStatements(lanes.counts)
  const pagesOfMany = createPages(lanes.pagesOfMany)

  const list = selectList(rows.columns)
  const both = sql`${list}, ${selectList(selectors.columns)}`
  const join = sql.raw(orphan === undefined ? 'JOIN' : 'LEFT JOIN')
  const from = sql`${rows.table} ${join} ${selectors.table} ON ${rows.ofSelector} AND ${selectors.exists}`
  const ofOne = rows.ofKey(sql`${sql.placeholder('key')}`)
  const ofEach = rows.ofKey(sql`k.key`)
  const each = sql`unnest(${sql.placeholder('keys')}::${projection.keyArray}) WITH ORDINALITY AS k(key, n)`
  const limit = sql.placeholder('limit')

  return {
    page({ conditions, window }) {
      if (conditions.length === 0 && hasUsualSize(window)) {
        return lists(`page ${window.shape} ${window.limit}`, window.conditions, {}, () => {
          const size = sql.raw(String(window.limit))
          return sql`SELECT ${both} FROM ${from} WHERE ${where(window.conditions)} ORDER BY ${window.orderBy()} LIMIT ${size}`
        })
      }
      const all = [...conditions, ...window.conditions]
      return scans(`page ${window.shape}`, all, { limit: window.limit }, () => {
        return sql`SELECT ${both} FROM ${from} WHERE ${where(all)} ORDER BY ${window.orderBy()} LIMIT ${limit}`
      })
    },
    count({ conditions }) {
      return scans('count', conditions, {}, () => sql`SELECT count(*) FROM ${from} WHERE ${where(conditions)}`)
    },
    pageOf(keys, { conditions, window }) {
      const all = [...conditions, ...window.conditions]
      const [key, ...more] = keys
      if (more.length === 0) {
        const pages = conditions.length === 0 ? lookUps : searches
        return pages(`page of one ${window.shape}`, all, { key, limit: window.limit }, () => {
          return sql`SELECT ${list} FROM ${rows.table} WHERE ${where(all, ofOne)} ORDER BY ${window.orderBy()} LIMIT ${limit}`
        })
      }
      const pages = conditions.length === 0 ? pagesOfMany : searches
      return pages(`page of each ${window.shape}`, all, { keys, limit: window.limit }, () => {
        return sql`SELECT page.*, k.n FROM ${each} CROSS JOIN LATERAL (
          SELECT ${list} FROM ${rows.table} WHERE ${where(all, ofEach)} ORDER BY ${window.orderBy()} LIMIT ${limit}
        ) AS page`
      })
    },
    countOf(keys, { conditions }) {
      const [key, ...more] = keys
      if (more.length === 0) {
        return counts('count of one', conditions, { key }, () => {
          return sql`SELECT count(*) FROM ${rows.table} WHERE ${where(conditions, ofOne)}`
        })
      }
      return counts('count of each', conditions, { keys }, () => {
        return sql`SELECT (SELECT count(*) FROM ${rows.table} WHERE ${where(conditions, ofEach)}), k.n FROM ${each}`
      })
    },
    byIdentity(identities) {
      const names = identities.map(({ selector }) => selector)
      const values = identities.map(({ value }) => value)
      return lookUps('identity', [], { names, values }, () => {
        return sql`SELECT ${both}, k.n
          FROM unnest(${sql.placeholder('names')}::text[], ${sql.placeholder('values')}::${identity.array})
            WITH ORDINALITY AS k(selector, identity, n)
          JOIN ${selectors.table} ON ${selectors.columns.selector.sql} = k.selector AND ${selectors.exists}
          JOIN ${rows.table} ON ${rows.ofSelector} AND ${identity.column.sql} = k.identity`
      })
    },
  }
}
