import type { SQL } from 'drizzle-orm'
import type { Database, Value } from '../database/database.ts'
import type { Shown } from '../versions/columns.ts'
import { decoder, width } from '../versions/columns.ts'
import type { Column, OwnedRows, Projection, SelectorRow } from '../versions/projection.ts'
import { checkText } from './bad-input.ts'
import { batched, grouped } from './batched.ts'
import { collectionStatements } from './collection-statements.ts'
import type { Condition } from './condition.ts'
import type { Page, Window } from './keyset.ts'
import type { Pace } from './pace.ts'
import { selectorDecoder } from './selectors.ts'
import type { Usage } from './usage.ts'

/** A row with the selector that it belongs to, so that neither its id nor its selector costs another statement. */
export type Owned<Row, Orphan extends null = never> = Shown<Row, SelectorRow | Orphan>

/** Which rows of a collection. */
export interface RowQuery {
  readonly conditions: readonly Condition[]
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
  /** Look-ups of one lane wait for one another. */
  readonly lane: string
}

/** What does not depend on the operation is made here, once; the answer opens the collection for an operation. */
export function prepareCollection<Row, Orphan extends null = never>(
  projection: Projection,
  options: CollectionOptions<Row, Orphan>,
): (database: Database, usage: Usage, pace?: Pace) => Collection<Row, Orphan> {
  const { columns } = options.rows
  const statements = collectionStatements(projection, options)
  const decode = decoder(columns)
  const decodeSelector = selectorDecoder(projection)
  const ownerAt = width(columns)
  const numberAt = ownerAt + width(projection.selectors.columns)

  return (database, usage, pace) => {
    const decodeOwned = (values: Value[]): Owned<Row, Orphan> => {
      const absent = options.orphan !== undefined && values[ownerAt] === null
      return decode(values, 0, absent ? options.orphan() : decodeSelector(values, ownerAt, usage))
    }

    const pages = bySignature<PageQuery, Page<Owned<Row, Orphan>>>(async (keys, owners, query) => {
      const found = await database.query(statements.pageOf(keys, query))
      const ofEach = keys.length === 1 ? [found] : grouped(found, keys.length, ownerAt)
      return owners.map((owner, index) =>
        query.window.cut((ofEach[index] ?? []).map((values) => decode(values, 0, owner))),
      )
    })
    const counts = bySignature<RowQuery, number>(async (keys, owners, query) => {
      const found = await database.query(statements.countOf(keys, query))
      const ofEach = keys.length === 1 ? [found] : grouped(found, keys.length, 1)
      return owners.map((_, index) => Number(ofEach[index]?.[0]?.[0] ?? 0))
    })
    const identities = batched<Identity, Owned<Row, Orphan> | null>(identityKey, async (asked) => {
      const found = await database.query(statements.byIdentity(asked))
      const ofEach = grouped(found, asked.length, numberAt)
      return ofEach.map(([values]) => (values === undefined ? null : decodeOwned(values)))
    })

    return {
      async page(query) {
        const found = await database.query(statements.page(query))
        return query.window.cut(found.map(decodeOwned))
      },
      async count(query) {
        const [counted] = await database.query(statements.count(query))
        return Number(counted?.[0])
      },
      async pageOf(owner, query) {
        const page = await pages(owner, query)
        await pace?.take(page.rows.length)
        return page
      },
      countOf: counts,
      async byIdentity(identity) {
        checkText(identity.selector)
        checkText(identity.value)
        return identities(identity)
      },
    }
  }
}

/** One statement for each signature, however many selectors ask. What fails there is the answer to these alone. */
function bySignature<Query extends RowQuery, Answer>(
  answer: (keys: string[], owners: readonly SelectorRow[], query: Query) => Promise<Answer[]>,
): (owner: SelectorRow, query: Query) => Promise<Answer> {
  const known = new Map<string, (owner: SelectorRow) => Promise<Answer>>()
  return (owner, query) => {
    const load = known.get(query.signature) ?? batched(keyOf, (owners) => answer(owners.map(keyOf), owners, query))
    known.set(query.signature, load)
    return load(owner)
  }
}

function keyOf({ key }: SelectorRow): string {
  return key
}

function identityKey({ selector, value }: Identity): string {
  return JSON.stringify([value, selector])
}
