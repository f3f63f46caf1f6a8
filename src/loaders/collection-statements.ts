import { sql } from 'drizzle-orm'
import type { Statement } from '../database/database.ts'
import { selectList } from '../versions/columns.ts'
import type { Projection } from '../versions/projection.ts'
import type { CollectionOptions, Identity, PageQuery, RowQuery } from './collection.ts'
import { where } from './condition.ts'
import { isUsual, openStatements } from './statements.ts'

/** The statements of a collection. */
export interface CollectionStatements {
  /** Rows, and behind each the columns of its selector. */
  page(query: PageQuery): Statement
  count(query: RowQuery): Statement
  /** The rows of one selector; of several, and behind each row the number of its selector, from 1 on. */
  pageOf(keys: readonly string[], query: PageQuery): Statement
  /** The count of one selector; of several, and behind each the number of its selector. */
  countOf(keys: readonly string[], query: RowQuery): Statement
  /** Rows, and behind each the columns of its selector and the number of its identity. */
  byIdentity(asked: readonly Identity[]): Statement
}

export function collectionStatements<Row, Orphan extends null>(
  projection: Projection,
  { rows, identity, orphan, lane }: CollectionOptions<Row, Orphan>,
): CollectionStatements {
  const { selectors } = projection
  const scans = openStatements()
  const lists = openStatements({ planned: true })
  const lookUps = openStatements({ lane })
  // A filter may look at every row of a selector: that must not hold up the pages of others.
  const searches = openStatements({ lane: 'searches', slow: true })
  // A selector may have many rows to count: that must not hold up the pages of others.
  const counts = openStatements({ lane: 'counts', slow: true })
  // A hundred pages of a hundred rows: that must not hold up a page.
  const pagesOfMany = openStatements({ lane: 'pages of many', slow: true })

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
      if (conditions.length === 0 && isUsual(window)) {
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
    byIdentity(asked) {
      const names = asked.map(({ selector }) => selector)
      const values = asked.map(({ value }) => value)
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
