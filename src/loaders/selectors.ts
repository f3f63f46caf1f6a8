import { sql } from 'drizzle-orm'
import type { Database, Statement } from '../database/database.ts'
import { selectList } from '../sipis/columns.ts'
import type { Projection, SelectorRow } from '../sipis/projection.ts'
import { checkText } from './bad-input.ts'
import { batched, manyChecked } from './batched.ts'
import type { Condition } from './condition.ts'
import { where } from './condition.ts'
import type { Page, Window } from './keyset.ts'
import { lanes } from './lanes.ts'
import { selectorDecoder } from './selector-decoder.ts'
import type { SelectorFilter } from './selector-filters.ts'
import { selectorConditions } from './selector-filters.ts'
import { createPages, hasUsualSize } from './statements.ts'
import type { Usage } from './usage.ts'

export interface Selectors {
  byName(selector: string): Promise<SelectorRow | null>
  /** By one promise; a name that is no text, or that the database rejects, has its error in its place. */
  byNames(selectors: readonly string[]): Promise<readonly (SelectorRow | null | Error)[]>
  page(filter: SelectorFilter, window: Window): Promise<Page<SelectorRow>>
  /** @param range further conditions, of cursors */
  count(filter: SelectorFilter, range?: readonly Condition[]): Promise<number>
}

/** Prepares decoders and statements once per projection; the returned function creates the loader of one operation. */
export function prepareSelectors(projection: Projection): (database: Database, usage: Usage) => Selectors {
  const statements = selectorStatements(projection)
  const decode = selectorDecoder(projection)

  return (database, usage) => {
    const byName = batched<string, SelectorRow | null>(String, async (names) => {
      const found = await database.query(statements.byName(names))
      const rows = new Map(found.map((values) => decode(values, 0, usage)).map((row) => [row.selector, row]))
      return names.map((name) => rows.get(name) ?? null)
    })
    return {
      async byName(selector) {
        checkText(selector, ['name'])
        return byName(selector)
      },
      byNames: (names) => manyChecked(byName, names, (name) => checkText(name, ['name'])),
      async page(filter, window) {
        const found = await database.query(statements.page(filter, window))
        return window.cut(found.map((values) => decode(values, 0, usage)))
      },
      async count(filter, range = []) {
        const [counted] = await database.query(statements.count(filter, range))
        return Number(counted?.[0])
      },
    }
  }
}

function selectorStatements(projection: Projection) {
  const { table, columns, exists } = projection.selectors
  const scans = createPages()
  const lists = createPages({ planned: true })
  const lookUps = createPages(lanes.calls)
  const list = selectList(columns)
  const limit = sql.placeholder('limit')
  return {
    byName(names: readonly string[]): Statement {
      const [name, ...more] = names
      if (more.length === 0) {
        return lookUps('one', [], { name }, () => {
          return sql`SELECT ${list} FROM ${table} WHERE ${columns.selector.sql} = ${sql.placeholder('name')} AND ${exists}`
        })
      }
      return lookUps('each', [], { names }, () => {
        return sql`SELECT ${list} FROM ${table} WHERE ${columns.selector.sql} = ANY(${sql.placeholder('names')}::text[]) AND ${exists}`
      })
    },
    page(filter: SelectorFilter, window: Window): Statement {
      const conditions = selectorConditions(projection, filter)
      if (conditions.length === 0 && hasUsualSize(window)) {
        return lists(`page ${window.shape} ${window.limit}`, window.conditions, {}, () => {
          const size = sql.raw(String(window.limit))
          return sql`SELECT ${list} FROM ${table} WHERE ${where(window.conditions, exists)} ORDER BY ${window.orderBy()} LIMIT ${size}`
        })
      }
      const all = [...conditions, ...window.conditions]
      return scans(`page ${window.shape}`, all, { limit: window.limit }, () => {
        return sql`SELECT ${list} FROM ${table} WHERE ${where(all, exists)} ORDER BY ${window.orderBy()} LIMIT ${limit}`
      })
    },
    count(filter: SelectorFilter, range: readonly Condition[]): Statement {
      const all = [...selectorConditions(projection, filter), ...range]
      return scans('count', all, {}, () => sql`SELECT count(*) FROM ${table} WHERE ${where(all, exists)}`)
    },
  }
}
