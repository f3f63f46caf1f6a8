import type { Collection, Owned, RowQuery } from '../loaders/collection.ts'
import type { Condition } from '../loaders/condition.ts'
import type { Order, Page, PageArguments, Window } from '../loaders/keyset.ts'
import { cursorOf, windowOf } from '../loaders/keyset.ts'
import type { SelectorRow } from '../versions/projection.ts'

export interface Source<Row> {
  readonly page: (window: Window) => Promise<Page<Row>>
  readonly count: () => Promise<number>
}

/** Makes the cursor when it is asked for: most clients ask for nodes alone. */
class Edge<Row> {
  readonly node: Row
  readonly #order: Order<Row>

  constructor(order: Order<Row>, node: Row) {
    this.node = node
    this.#order = order
  }

  get cursor(): string {
    return cursorOf(this.#order, this.node)
  }
}

export interface Connection<Row> {
  readonly edges: Promise<Edge<Row>[]>
  readonly pageInfo: Promise<PageInfo>
  readonly totalCount: Promise<number>
}

interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

/**
 * A page that reads nothing until a field of it is asked for: a client that wants only totalCount costs no page, and one
 * that does not want it costs no count. Bad arguments fail at once.
 */
export function connection<Row>(order: Order<Row>, page: PageArguments, source: Source<Row>): Connection<Row> {
  const window = windowOf(order, page)
  let loaded: Promise<Page<Row>> | undefined
  const load = () => {
    loaded ??= source.page(window)
    return loaded
  }
  return {
    get edges() {
      return load().then(({ rows }) => rows.map((node) => new Edge(order, node)))
    },
    get pageInfo() {
      return load().then(({ rows, hasNextPage, hasPreviousPage }) => ({
        hasNextPage,
        hasPreviousPage,
        startCursor: cursorAt(order, rows.at(0)),
        endCursor: cursorAt(order, rows.at(-1)),
      }))
    },
    get totalCount() {
      return source.count()
    },
  }
}

function cursorAt<Row>(order: Order<Row>, row: Row | undefined): string | null {
  return row === undefined ? null : cursorOf(order, row)
}

export interface ListArguments extends PageArguments {
  readonly filter?: object | null | undefined
  readonly orderBy?: string | null | undefined
}

/** A page of a collection: of the rows of one selector where there is an owner, of all rows otherwise. */
export function collectionConnection<Row, Orphan extends null = never>(
  collection: Collection<Row, Orphan>,
  owner: SelectorRow | null,
  order: Order<Row>,
  conditions: readonly Condition[],
  { filter, orderBy, ...page }: ListArguments,
): Connection<Owned<Row, Orphan>> {
  const counted: RowQuery = { conditions, signature: JSON.stringify([filter]) }
  const signature = JSON.stringify([filter, orderBy, page])
  return connection<Owned<Row, Orphan>>(order, page, {
    page: (window) => {
      const query = { conditions, window, signature }
      return owner === null ? collection.page(query) : collection.pageOf(owner, query)
    },
    count: () => (owner === null ? collection.count(counted) : collection.countOf(owner, counted)),
  })
}
