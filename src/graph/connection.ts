import type { GraphQLSchema } from 'graphql'
import { isObjectType } from 'graphql'
import type { Collection, Owned } from '../loaders/collection.ts'
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
export class Connection<Row> {
  readonly #order: Order<Row>
  readonly #window: Window
  readonly #source: Source<Row>
  #page: Promise<Page<Row>> | undefined

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
    return this.#source.count()
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

/** A page of a collection: of the rows of one selector where there is an owner, of all rows otherwise. */
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
    count: () => {
      const query = { conditions, signature: JSON.stringify([filter]) }
      return owner === null ? collection.count(query) : collection.countOf(owner, query)
    },
  })
}

/** Has `nodes` read the rows: the Relay plugin would make an edge of each, and of the edge the row again. */
export function withPlainNodes(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!(isObjectType(type) && type.name.endsWith('Connection'))) continue
    const { nodes } = type.getFields()
    if (nodes !== undefined) nodes.resolve = ({ nodes: rows }: Connection<unknown>) => rows
  }
  return schema
}
