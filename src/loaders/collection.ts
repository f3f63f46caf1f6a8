import type { Database, Values } from '../database/database.ts'
import { isNull } from '../database/wire/wire-row.ts'
import type { RowView } from '../sipis/columns.ts'
import { decoder, width } from '../sipis/columns.ts'
import type { Projection, SelectorRow } from '../sipis/projection.ts'
import { checkText } from './bad-input.ts'
import { batched, eachAlone, grouped, groupedUnlessOne, manyChecked } from './batched.ts'
import { collectionStatements } from './collection-statements.ts'
import type { Page } from './keyset.ts'
import type { Pace } from './pace.ts'
import type { CollectionOptions, Identity, PageQuery, RowQuery } from './query.ts'
import { selectorDecoder } from './selector-decoder.ts'
import type { Usage } from './usage.ts'

/** A row with its selector, so that resolving the id or the selector needs no further statement. */
export type Owned<Row, Orphan extends null = never> = RowView<Row, SelectorRow | Orphan>

/**
 * Reads rows of one type: over all selectors, of one selector, or by identity. Pages of several selectors are batched into one
 * statement with a lateral join, because LIMIT must apply to each selector.
 */
export interface Collection<Row, Orphan extends null = never> {
  page(query: PageQuery): Promise<Page<Owned<Row, Orphan>>>
  count(query: RowQuery): Promise<number>
  pageOf(owner: SelectorRow, query: PageQuery): Promise<Page<Owned<Row, Orphan>>>
  countOf(owner: SelectorRow, query: RowQuery): Promise<number>
  byIdentity(identity: Identity): Promise<Owned<Row, Orphan> | null>
  /** By one promise; an identity that is no text, or that the database rejects, has its error in its place. */
  byIdentities(identities: readonly Identity[]): Promise<readonly (Owned<Row, Orphan> | null | Error)[]>
  /** As `byIdentity`, past what the operation has loaded before. */
  reload(identity: Identity): Promise<Owned<Row, Orphan> | null>
}

/** Prepares decoders and statements once per projection; the returned function creates the collection of one operation. */
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
    const decodeOwned = (values: Values): Owned<Row, Orphan> => {
      const absent = options.orphan !== undefined && isNull(values, ownerAt)
      return decode(values, 0, absent ? options.orphan() : decodeSelector(values, ownerAt, usage))
    }

    const pages = bySignature<PageQuery, Values[]>(async (keys, query) => {
      const found = await database.query(statements.pageOf(keys, query))
      return groupedUnlessOne(found, keys.length, ownerAt)
    })
    const counts = bySignature<RowQuery, number>(async (keys, query) => {
      const found = await database.query(statements.countOf(keys, query))
      const ofEach = groupedUnlessOne(found, keys.length, 1)
      return ofEach.map(([counted]) => Number(counted?.[0] ?? 0))
    })
    const ofIdentities = async (identities: readonly Identity[]) => {
      const found = await database.query(statements.byIdentity(identities))
      const ofEach = grouped(found, identities.length, numberAt)
      return eachAlone(ofEach, ([values]) => (values === undefined ? null : decodeOwned(values)))
    }
    const load = batched<Identity, Owned<Row, Orphan> | null>(identityKey, ofIdentities)
    const reload = batched<Identity, Owned<Row, Orphan> | null>(identityKey, ofIdentities, false)

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
        const found = await pages(owner.key, query)
        const page = query.window.cut(found.map((values) => decode(values, 0, owner)))
        await pace?.take(page.rows.length)
        return page
      },
      countOf: ({ key }, query) => counts(key, query),
      async byIdentity(identity) {
        checkIdentity(identity)
        return load(identity)
      },
      byIdentities: (identities) => manyChecked(load, identities, checkIdentity),
      async reload(identity) {
        checkIdentity(identity)
        return reload(identity)
      },
    }
  }
}

/** Batches the selectors of each signature into one statement. A failure affects only that signature. */
export function bySignature<Query extends Pick<RowQuery, 'signature'>, Result>(
  loadBatch: (keys: readonly string[], query: Query) => Promise<(Result | Error)[]>,
): (key: string, query: Query) => Promise<Result> {
  const known = new Map<string, (key: string) => Promise<Result>>()
  return (key, query) => {
    const load = known.get(query.signature) ?? batched(String, (keys) => loadBatch(keys, query))
    known.set(query.signature, load)
    return load(key)
  }
}

function checkIdentity({ selector, value }: Identity): void {
  checkText(selector)
  checkText(value)
}

function identityKey({ selector, value }: Identity): string {
  return JSON.stringify([value, selector])
}
