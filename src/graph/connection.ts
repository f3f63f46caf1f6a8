import type { GraphQLSchema } from 'graphql'
import { isObjectType } from 'graphql'
import type { Collection, Owned } from '../loaders/collection.ts'
import type { Condition } from '../loaders/condition.ts'
import type { Order, Page, PageArguments, Window } from '../loaders/keyset.ts'
import { cursorOf, windowOf } from '../loaders/keyset.ts'
import type { SelectorRow } from '../sipis/projection.ts'
import { ofRow } from './of-row.ts'

/** Statements behind a connection. Each runs only when a field that needs it is selected. */
export interface Source<Row> {
  readonly page: (window: Window) => Promise<Page<Row>>
  /** Items that meet these conditions as well. */
  readonly count: (range: readonly Condition[]) => Promise<number>
}

/** Encodes the cursor lazily, because most clients select only nodes. */
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

interface PageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

/**
 * A Relay connection that reads lazily: the page is read when edges, nodes or pageInfo are selected, a count when totalCount or rangeCount
 * is selected.
 */
export class Connection<Row> {
  readonly #order: Order<Row>
  readonly #window: Window
  readonly #source: Source<Row>
  #page: Promise<Page<Row>> | undefined

  /** @throws BadInput if the page arguments or their cursors are invalid */
  constructor(order: Order<Row>, page: PageArguments, source: Source<Row>) {
    this.#order = order
    this.#window = windowOf(order, page)
    this.#source = source
  }

  get edges(): Promise<Edge<Row>[]> {
    return this.#load().then(({ rows }) => rows.map((node) => new Edge(this.#order, node)))
  }

  get nodes(): Promise<readonly Row[]> {
    return this.#load().then(({ rows }) => rows)
  }

  get pageInfo(): Promise<PageInfo> {
    return this.#load().then(({ rows, hasNextPage, hasPreviousPage }) => ({
      hasNextPage,
      hasPreviousPage,
      startCursor: cursorAt(this.#order, rows.at(0)),
      endCursor: cursorAt(this.#order, rows.at(-1)),
    }))
  }

  get totalCount(): Promise<number> {
    return this.#source.count([])
  }

  get rangeCount(): Promise<number> {
    return this.#source.count(this.#window.conditions)
  }

  #load(): Promise<Page<Row>> {
    this.#page ??= this.#source.page(this.#window)
    return this.#page
  }
}

function cursorAt<Row>(order: Order<Row>, row: Row | undefined): string | null {
  return row === undefined ? null : cursorOf(order, row)
}

export interface ListArguments extends PageArguments {
  readonly filter?: object | null | undefined
  readonly orderBy?: string | null | undefined
}

/** The connection for a collection: the rows of `owner`, or of all selectors if `owner` is null. */
export function collectionConnection<Row, Orphan extends null = never>(
  collection: Collection<Row, Orphan>,
  owner: SelectorRow | null,
  order: Order<Row>,
  conditions: readonly Condition[],
  { filter, orderBy, ...page }: ListArguments,
): Connection<Owned<Row, Orphan>> {
  return new Connection<Owned<Row, Orphan>>(order, page, {
    page: (window) => {
      const query = { conditions, window, signature: JSON.stringify([filter, orderBy, page]) }
      return owner === null ? collection.page(query) : collection.pageOf(owner, query)
    },
    count: (range) => {
      const { after, before } = page
      const cursors = range.length === 0 ? [] : [orderBy, after, before]
      const query = { conditions: [...conditions, ...range], signature: JSON.stringify([filter, ...cursors]) }
      return owner === null ? collection.count(query) : collection.countOf(owner, query)
    },
  })
}

/** Resolves `nodes` from the rows directly; the Relay plugin would create an edge for each row only to unwrap it. */
export function withPlainNodes(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue
    const { nodes, node } = type.getFields()
    if (type.name.endsWith('Connection') && nodes !== undefined) {
      nodes.resolve = ({ nodes: rows }: Connection<unknown>) => rows
    }
    if (type.name.endsWith('Edge') && node !== undefined) {
      node.resolve = (edge: Edge<unknown>) => edge.node
      node.extensions = { ...node.extensions, ...ofRow.extensions }
    }
  }
  return schema
}
