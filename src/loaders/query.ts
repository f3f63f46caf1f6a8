import type { SQL } from 'drizzle-orm'
import type { Column, OwnedRows } from '../sipis/projection.ts'
import type { Condition } from './condition.ts'
import type { Window } from './keyset.ts'
import type { Lane } from './lanes.ts'

/** Selects rows of a collection. */
export interface RowQuery {
  readonly conditions: readonly Condition[]
  /** Equal for equal queries. Queries of several selectors with one signature share a statement. */
  readonly signature: string
}

/** Selects a page of a collection. */
export interface PageQuery extends RowQuery {
  readonly window: Window
}

/** Identifies a row by its selector and the value of the identity column. */
export interface Identity {
  readonly selector: string
  readonly value: string
}

/** A collection: whose rows, how one of them is identified, and where its look-ups run. */
export interface CollectionOptions<Row, Orphan extends null> {
  readonly rows: OwnedRows<Row>
  /** Unique within a selector, and kept by a migration from v1 to v2. */
  readonly identity: { readonly column: Column<string>; readonly array: SQL }
  /** Defined if the collection includes rows whose selector has been deleted; their owner is null. */
  readonly orphan: (() => Orphan) | undefined
  /** Lane of the look-ups. Statements of one lane run one after another. */
  readonly lane: Lane
}
