import type { GraphQLSchema } from 'graphql'
import { isObjectType } from 'graphql'
import type { Collection, Owned } from '../loaders/collection.ts'
import type { Condition } from '../loaders/condition.ts'
import type { Order, Page, PageArguments, Window } from '../loaders/keyset.ts'
import { cursorOf, windowOf } from '../loaders/keyset.ts'
import type { Projection, SelectorRow } from '../sipis/projection.ts'
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

  constructor(order: Order<Row>, window: Window, source: Source<Row>) {
    this.#order = order
    this.#window = window
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

/** @throws BadInput if the page arguments or their cursors are invalid */
export function connectionOf<Row>(order: Order<Row>, page: PageArguments, source: Source<Row>): Connection<Row> {
  return new Connection(order, windowOf(order, page), source)
}

export interface ListArguments extends PageArguments {
  readonly filter?: object | null | undefined
  readonly orderBy?: string | null | undefined
}

/** What the arguments of a list ask for. */
export interface Asked<Row> {
  readonly order: Order<Row>
  readonly conditions: readonly Condition[]
}

interface AskedPage<Row> extends Asked<Row> {
  readonly projection: Projection
  readonly window: Window
  readonly signature: string
}

/** The objects of a page ask their lists with the same arguments. */
const read = new WeakMap<ListArguments, AskedPage<unknown>>()

/**
 * The connection for a collection: the rows of `owner`, or of all selectors if `owner` is null.
 *
 * @param ask reads the arguments, which are the same object for all that a plan resolves with them
 * @throws BadInput if the page arguments or their cursors are invalid
 */
export function collectionConnection<Row, Orphan extends null = never>(
  collection: Collection<Row, Orphan>,
  owner: SelectorRow | null,
  projection: Projection,
  args: ListArguments,
  ask: () => Asked<Row>,
): Connection<Owned<Row, Orphan>> {
  const { order, conditions, window, signature } = askedPage(projection, args, ask)
  return new Connection<Owned<Row, Orphan>>(order, window, {
    page: () => {
      const query = { conditions, window, signature }
      return owner === null ? collection.page(query) : collection.pageOf(owner, query)
    },
    count: (range) => {
      const { filter, orderBy, after, before } = args
      const cursors = range.length === 0 ? [] : [orderBy, after, before]
      const query = { conditions: [...conditions, ...range], signature: JSON.stringify([filter, ...cursors]) }
      return owner === null ? collection.count(query) : collection.countOf(owner, query)
    },
  })
}

function askedPage<Row>(projection: Projection, args: ListArguments, ask: () => Asked<Row>): AskedPage<Row> {
  const known = read.get(args)
  // Arguments are of one field, and so of one type of rows.
  if (known?.projection === projection) return known as AskedPage<Row>
  const asked = ask()
  const window = windowOf(asked.order, args)
  const { filter, orderBy, first, last, after, before } = args
  const signature = JSON.stringify([filter, orderBy, first, last, after, before])
  const page = { ...asked, projection, window, signature }
  read.set(args, page as AskedPage<unknown>)
  return page
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
