import DataLoader from 'dataloader'
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Database, Value } from '../database/database.ts'
import { decoder, selectList, width } from '../versions/columns.ts'
import type { Column, OwnedRows, Projection, SelectorRow } from '../versions/projection.ts'
import type { Page, Window } from './keyset.ts'
import { selectorDecoder } from './selectors.ts'
import type { Usage } from './usage.ts'
import { where } from './where.ts'

/** A row with the selector that it belongs to, so that neither its id nor its selector costs another statement. */
export type Owned<Row, Orphan extends null = never> = Row & { readonly owner: SelectorRow | Orphan }

/** Which rows of a collection. */
export interface RowQuery {
  readonly conditions: readonly SQL[]
  /** Equal for equal questions: what is asked of many selectors with one signature is one statement. */
  readonly signature: string
}

/** Which rows of a collection, and which page of them. */
export interface PageQuery extends RowQuery {
  readonly window: Window
}

/** The selector and, within it, the value of the identity column. */
export interface Identity {
  readonly selector: string
  readonly value: string
}

/**
 * Rows of one kind: as a whole, of a selector, or by identity. Questions about many selectors are batched into one statement
 * with a lateral join, for a limit over `IN (…)` would cut the wrong rows.
 */
export interface Collection<Row, Orphan extends null = never> {
  page(query: PageQuery): Promise<Page<Owned<Row, Orphan>>>
  count(query: RowQuery): Promise<number>
  pageOf(owner: SelectorRow, query: PageQuery): Promise<Page<Owned<Row, Orphan>>>
  countOf(owner: SelectorRow, query: RowQuery): Promise<number>
  byIdentity(identity: Identity): Promise<Owned<Row, Orphan> | null>
}

export interface CollectionOptions<Row, Orphan extends null> {
  readonly rows: OwnedRows<Row>
  /** Unique within a selector, and the same before and after a migration. */
  readonly identity: { readonly column: Column<string>; readonly array: SQL }
  /** Whether rows without a selector belong to the collection; `null` is then their owner. */
  readonly orphan: (() => Orphan) | undefined
}

export function openCollection<Row, Orphan extends null = never>(
  database: Database,
  projection: Projection,
  usage: Usage,
  { rows, identity, orphan }: CollectionOptions<Row, Orphan>,
): Collection<Row, Orphan> {
  const { selectors } = projection
  const list = selectList(rows.columns)
  const ownerList = selectList(selectors.columns)
  const decode = decoder(rows.columns)
  const decodeSelector = selectorDecoder(projection, usage)
  const ownerAt = width(rows.columns)
  const belongs = sql`${rows.ofSelector} AND ${selectors.exists}`
  const from =
    orphan === undefined
      ? sql`${rows.table} JOIN ${selectors.table} ON ${belongs}`
      : sql`${rows.table} LEFT JOIN ${selectors.table} ON ${belongs}`

  const decodeOwned = (values: Value[], offset: number): Owned<Row, Orphan> => {
    const absent = orphan !== undefined && values[offset + ownerAt] === null
    return { ...decode(values, offset), owner: absent ? orphan() : decodeSelector(values, offset + ownerAt) }
  }

  /** One statement for each signature, however many selectors ask. */
  const bySignature = async <Query extends RowQuery, Answer>(
    asked: readonly Asked<Query>[],
    answer: (keys: SQL, group: readonly Asked<Query>[], query: Query) => Promise<Answer[]>,
  ): Promise<(Answer | Error)[]> => {
    const answers = new Map<Asked<Query>, Answer | Error>()
    await Promise.all(
      [...Map.groupBy(asked, ({ query }) => query.signature).values()].map(async (group) => {
        const [{ query } = never()] = group
        const keys = sql`unnest(${sql.param(group.map(({ owner }) => owner.key))}::${projection.keyArray})`
        // What fails here is the answer to this group alone.
        const found = await answer(keys, group, query).catch(asError)
        for (const [index, one] of group.entries()) {
          answers.set(one, found instanceof Error ? found : (found[index] ?? never()))
        }
      }),
    )
    return asked.map((one) => answers.get(one) ?? never())
  }

  const pages = new DataLoader<Asked<PageQuery>, Page<Owned<Row, Orphan>>, string>(
    (asked) =>
      bySignature(asked, async (keys, group, query) => {
        const { conditions, window } = query
        const found = await database.query(sql`SELECT k.n, page.* FROM ${keys} WITH ORDINALITY AS k(key, n)
          CROSS JOIN LATERAL (
            SELECT ${list} FROM ${rows.table}
            WHERE ${where([rows.ofKey(sql`k.key`), ...conditions, window.condition])}
            ORDER BY ${window.orderBy} LIMIT ${window.limit}
          ) AS page`)
        const ofParent = Map.groupBy(found, ([n]) => Number(n))
        return group.map(({ owner }, index) =>
          window.cut((ofParent.get(index + 1) ?? []).map((values) => ({ ...decode(values, 1), owner }))),
        )
      }),
    { cacheKeyFn: askedKey },
  )

  const counts = new DataLoader<Asked<RowQuery>, number, string>(
    (asked) =>
      bySignature(asked, async (keys, group, query) => {
        const found = await database.query(sql`SELECT k.n, (
            SELECT count(*) FROM ${rows.table} WHERE ${where([rows.ofKey(sql`k.key`), ...query.conditions])}
          ) FROM ${keys} WITH ORDINALITY AS k(key, n)`)
        const counted = new Map(found.map(([n, count]) => [Number(n), Number(count)]))
        return group.map((_, index) => counted.get(index + 1) ?? 0)
      }),
    { cacheKeyFn: askedKey },
  )

  const identities = new DataLoader<Identity, Owned<Row, Orphan> | null, string>(
    async (asked) => {
      const names = sql.param(asked.map(({ selector }) => selector))
      const values = sql.param(asked.map(({ value }) => value))
      const found = await database.query(sql`SELECT k.n, ${list}, ${ownerList}
        FROM unnest(${names}::text[], ${values}::${identity.array}) WITH ORDINALITY AS k(selector, identity, n)
        JOIN ${selectors.table} ON ${selectors.columns.selector.sql} = k.selector
        JOIN ${rows.table} ON ${rows.ofSelector} AND ${identity.column.sql} = k.identity`)
      const byNumber = new Map(found.map((values) => [Number(values[0]), decodeOwned(values, 1)]))
      return asked.map((_, index) => byNumber.get(index + 1) ?? null)
    },
    { cacheKeyFn: ({ selector, value }) => `${value}\n${selector}` },
  )

  return {
    async page({ conditions, window }) {
      const found = await database.query(sql`SELECT ${list}, ${ownerList} FROM ${from}
        WHERE ${where([...conditions, window.condition])} ORDER BY ${window.orderBy} LIMIT ${window.limit}`)
      return window.cut(found.map((values) => decodeOwned(values, 0)))
    },
    async count({ conditions }) {
      const [counted] = await database.query(sql`SELECT count(*) FROM ${from} WHERE ${where(conditions)}`)
      return Number(counted?.[0])
    },
    pageOf: (owner, query) => pages.load({ owner, query }),
    countOf: (owner, query) => counts.load({ owner, query }),
    byIdentity: (identity) => identities.load(identity),
  }
}

interface Asked<Query> {
  readonly owner: SelectorRow
  readonly query: Query
}

function askedKey({ owner, query }: Asked<RowQuery>): string {
  return `${owner.key}\n${query.signature}`
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function never(): never {
  throw new Error('A batch lost one of its questions.')
}
