import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Database, Statement } from '../database/database.ts'
import { selectList, width } from '../sipis/columns.ts'
import type { Projection, SelectorRow, SelectorRows } from '../sipis/projection.ts'
import { eachAlone, groupedUnlessOne } from './batched.ts'
import { bySignature } from './collection.ts'
import { where } from './condition.ts'
import type { Page } from './keyset.ts'
import type { PageQuery, RowQuery } from './query.ts'
import { selectorDecoder } from './selector-decoder.ts'
import { createPages } from './statements.ts'
import type { Usage } from './usage.ts'

/** The other installations of the account of a selector. */
export interface Installations {
  pageOf(owner: SelectorRow, query: PageQuery): Promise<Page<SelectorRow>>
  countOf(owner: SelectorRow, query: RowQuery): Promise<number>
}

/** Prepares decoders and statements once per projection; the returned function creates the loader of one operation. */
export function prepareInstallations(projection: Projection): (database: Database, usage: Usage) => Installations {
  const statements = installationStatements(projection)
  const decode = selectorDecoder(projection)
  const numberAt = width(projection.selectors.columns)
  return (database, usage) => {
    const pages = bySignature<PageQuery, Page<SelectorRow>>(async (names, query) => {
      const found = await database.query(statements.page(names, query))
      const ofEach = groupedUnlessOne(found, names.length, numberAt)
      return eachAlone(ofEach, (rows) => query.window.cut(rows.map((values) => decode(values, 0, usage))))
    })
    const counts = bySignature<RowQuery, number>(async (names, query) => {
      const found = await database.query(statements.count(names, query))
      const ofEach = groupedUnlessOne(found, names.length, 1)
      return ofEach.map(([counted]) => Number(counted?.[0] ?? 0))
    })
    return {
      pageOf: ({ exact }, query) => pages(exact, query),
      countOf: ({ exact }, query) => counts(exact, query),
    }
  }
}

/**
 * For one selector a prefix, which an index may serve, planned for its value. For several one pass over all selectors, because a prefix
 * from a row is served by no index.
 */
function installationStatements({ selectors }: Projection) {
  const { table, columns, exists, alphabetical } = selectors
  const scans = createPages()
  const list = selectList(columns)
  const bind = alphabetical[0]?.bind ?? ((value: SQL) => value)
  const one = bind(sql`${sql.placeholder('name')}`)
  const each = bind(sql`k.name`)
  const name = columns.selector.sql
  const joined = sql`unnest(${sql.placeholder('names')}::text[]) WITH ORDINALITY AS k(name, n)
    JOIN ${table} ON left(${name}, 40) = left(${each}, 40) AND ${name} <> ${each}`
  return {
    /** Columns: selector; for several names also the batch number. */
    page(names: readonly string[], { window }: PageQuery): Statement {
      const { shape, conditions, limit } = window
      const [first, ...more] = names
      if (more.length === 0) {
        return scans(`page of one ${shape}`, conditions, { name: first, limit }, () => {
          return sql`SELECT ${list} FROM ${table} WHERE ${where(conditions, isInstallationOf(selectors, one), exists)}
            ORDER BY ${window.orderBy()} LIMIT ${sql.placeholder('limit')}`
        })
      }
      return scans(`page of each ${shape}`, conditions, { names, limit }, () => {
        return sql`SELECT page.* FROM (
          SELECT ${list}, k.n, row_number() OVER (PARTITION BY k.n ORDER BY ${window.orderBy()}) AS place
          FROM ${joined} WHERE ${where(conditions, exists)}
        ) AS page WHERE page.place <= ${sql.placeholder('limit')} ORDER BY page.n, page.place`
      })
    },
    /** Columns: count; for several names also the batch number. */
    count(names: readonly string[], { conditions }: RowQuery): Statement {
      const [first, ...more] = names
      if (more.length === 0) {
        return scans('count of one', conditions, { name: first }, () => {
          return sql`SELECT count(*) FROM ${table} WHERE ${where(conditions, isInstallationOf(selectors, one), exists)}`
        })
      }
      return scans('count of each', conditions, { names }, () => {
        return sql`SELECT count(*), k.n FROM ${joined} WHERE ${where(conditions, exists)} GROUP BY k.n`
      })
    },
  }
}

/** Matches the other selectors with the same first 40 characters. */
export function isInstallationOf({ columns }: Pick<SelectorRows, 'columns'>, name: SQL): SQL {
  const own = columns.selector.sql
  const account = sql`left(${name}, 40)`
  // A prefix by LIKE, which an index may serve. Its characters have no meaning of their own.
  const pattern = sql`replace(replace(replace(${account}, '!', '!!'), '%', '!%'), '_', '!_') || '%'`
  return sql`${own} LIKE ${pattern} ESCAPE '!' AND left(${own}, 40) = ${account} AND ${own} <> ${name}`
}
