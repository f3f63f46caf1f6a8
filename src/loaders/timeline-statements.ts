import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Statement } from '../database/database.ts'
import { expressionsOf } from '../sipis/columns.ts'
import type { OrderColumn, OwnedRows, Projection } from '../sipis/projection.ts'
import { BadInput } from './bad-input.ts'
import type { EventKind } from './changes.ts'
import type { Condition } from './condition.ts'
import { conditionOn, where } from './condition.ts'
import type { Bound, Order, Window } from './keyset.ts'
import { lanes } from './lanes.ts'
import { createPages, createStatements } from './statements.ts'

/** Where a row is in the timeline. */
export interface Place {
  readonly eventTime: string
  /** The number of its kind. */
  readonly eventKind: string
  readonly eventRowid: string
}

/** Kinds by their order at one instant, oldest first. Clients store cursors: a number never changes its meaning. */
export const kindNumbers: Readonly<Record<EventKind, number>> = { PUSH_TEST: 1, MESSAGE: 2, CALL: 3 }

/** Columns of the union of all kinds. */
export function timelineOrder(descending: boolean): Order<Place> {
  const column = (field: keyof Place, name: string): OrderColumn<Place> => ({
    field,
    sql: sql.raw(`e.${name}`),
    bind: (value) => value,
  })
  return {
    name: 'timeline',
    columns: [column('eventTime', 't'), column('eventKind', 'k'), column('eventRowid', 'r')],
    descending,
  }
}

/** Selects events of a selector; since is inclusive, until is exclusive. */
export interface TimelineQuery {
  /** At least one. */
  readonly kinds: readonly EventKind[]
  readonly since: string | null | undefined
  readonly until: string | null | undefined
  /** Equal for equal queries. */
  readonly signature: string
}

export interface TimelinePageQuery extends TimelineQuery {
  readonly window: Window
}

export interface TimelineCountQuery extends TimelineQuery {
  readonly bounds: readonly Bound[]
}

/** The rows of one kind. */
interface Branch extends Pick<OwnedRows<never>, 'table' | 'ofKey'> {
  readonly kind: EventKind
  readonly instant: SQL
  readonly time: OrderColumn<never>
  readonly rowid: OrderColumn<never>
  readonly columns: readonly SQL[]
}

/**
 * Statements of the timeline: a union of the kinds, of which each reads one page, because a limit on the whole would read all rows. A
 * batch number is the position of the key in the batch, from 1.
 */
export function timelineStatements(projection: Projection) {
  const lookUps = createPages(lanes.messages)
  const pagesOfMany = createPages(lanes.pagesOfMany)
  const counts = createStatements(lanes.counts)
  const branches = branchesOf(projection)
  const most = Math.max(...Object.values(branches).map(({ columns }) => columns.length))
  const of = ({ kinds }: TimelineQuery) => kinds.map((kind) => branches[kind])
  const ofOne = sql`${sql.placeholder('key')}`
  const each = sql`unnest(${sql.placeholder('keys')}::${projection.keyArray}) WITH ORDINALITY AS k(key, n)`

  const page = (query: TimelinePageQuery, key: SQL) => {
    const pages = of(query).map((branch) => pageOfKind(branch, query, key, most))
    return sql`SELECT e.* FROM (${sql.join(pages, sql` UNION ALL `)}) AS e(t, k, r)
      ORDER BY ${query.window.orderBy()} LIMIT ${sql.placeholder('limit')}`
  }
  const count = (query: TimelineCountQuery, key: SQL) => {
    const ofKinds = of(query).map((branch) => {
      return sql`(SELECT count(*) FROM ${branch.table} WHERE ${whereOf(branch, query, query.bounds, key)})`
    })
    return sql.join(ofKinds, sql` + `)
  }

  return {
    /** Columns: place, row; for several keys also the batch number. */
    page(keys: readonly string[], query: TimelinePageQuery): Statement {
      const { window } = query
      const [key, ...more] = keys
      const values = { ...valuesOf(query, window.bounds), limit: window.limit }
      const shape = `${window.direction} ${shapeOf(query, window.bounds)}`
      if (more.length === 0) return lookUps(`of one ${shape}`, [], { ...values, key }, () => page(query, ofOne))
      return pagesOfMany(`of each ${shape}`, [], { ...values, keys }, () => {
        return sql`SELECT page.*, k.n FROM ${each} CROSS JOIN LATERAL (${page(query, sql`k.key`)}) AS page`
      })
    },
    /** Columns: count; for several keys also the batch number. */
    count(keys: readonly string[], query: TimelineCountQuery): Statement {
      const [key, ...more] = keys
      const values = valuesOf(query, query.bounds)
      const shape = shapeOf(query, query.bounds)
      if (more.length === 0)
        return counts(`of one ${shape}`, [], { ...values, key }, () => sql`SELECT ${count(query, ofOne)}`)
      return counts(`of each ${shape}`, [], { ...values, keys }, () => {
        return sql`SELECT ${count(query, sql`k.key`)}, k.n FROM ${each}`
      })
    },
    /** Values of a row: those of its place, and the most that a kind has. */
    width: 3 + most,
  }
}

function branchesOf({ calls, messages, pushTests }: Projection): Readonly<Record<EventKind, Branch>> {
  return {
    CALL: branchOf('CALL', calls, calls.order, calls.columns.time.sql),
    MESSAGE: branchOf('MESSAGE', messages, messages.order, messages.columns.time.sql),
    PUSH_TEST: branchOf('PUSH_TEST', pushTests, pushTests.byInstant, pushTests.columns.started.sql),
  }
}

function branchOf<Row>(
  kind: EventKind,
  { table, ofKey, columns }: OwnedRows<Row>,
  order: readonly OrderColumn<Row>[],
  instant: SQL,
): Branch {
  const [time, rowid] = order
  if (time === undefined || rowid === undefined) throw new Error(`The order of ${kind} has no time and rowid.`)
  return { kind, table, ofKey, instant, time: unnamed(time), rowid: unnamed(rowid), columns: expressionsOf(columns) }
}

function unnamed<Row>({ sql, bind }: OrderColumn<Row>): Branch['time'] {
  return { field: '' as never, sql, bind }
}

/** All values are text, so that the columns of the kinds have one type. */
function pageOfKind(branch: Branch, query: TimelinePageQuery, key: SQL, width: number): SQL {
  const { window } = query
  const { kind, table, instant, time, rowid, columns } = branch
  const padded = Array.from({ length: width }, (_, n) => {
    const column = columns[n]
    return column === undefined ? sql`NULL::text` : sql`(${column})::text`
  })
  const direction = sql.raw(window.direction)
  return sql`(SELECT ${instant}, ${sql.raw(String(kindNumbers[kind]))}, ${rowid.sql}::bigint, ${sql.join(padded, sql`, `)}
    FROM ${table} WHERE ${whereOf(branch, query, window.bounds, key)}
    ORDER BY ${time.sql} ${direction}, ${rowid.sql} ${direction} LIMIT ${sql.placeholder('limit')})`
}

function whereOf(branch: Branch, query: TimelineQuery, bounds: readonly Bound[], key: SQL): SQL {
  const cursors = bounds.map((bound) => beyond(branch, bound))
  return where(periodOf(branch, query), branch.ofKey(key), ...cursors)
}

function periodOf({ time }: Pick<Branch, 'time'>, { since, until }: TimelineQuery): Condition[] {
  return [
    ...conditionOn('since', since, (value) => sql`${time.sql} >= ${time.bind(value)}`, ['since']),
    ...conditionOn('until', until, (value) => sql`${time.sql} < ${time.bind(value)}`, ['until']),
  ]
}

/** Rows beyond a cursor. At the time of the cursor these are the kinds beyond its kind, and rows of its kind by their rowid. */
function beyond({ kind, time, rowid }: Branch, bound: Bound): SQL {
  const { side, comparison } = bound
  const [own, ofCursor] = [kindNumbers[kind], kindOf(bound)]
  const at = time.bind(sql`${sql.placeholder(`${side}Time`)}`)
  if (own === ofCursor) {
    const id = rowid.bind(sql`${sql.placeholder(`${side}Rowid`)}`)
    return sql`(${time.sql}, ${rowid.sql}) ${sql.raw(comparison)} (${at}, ${id})`
  }
  const isBeyond = comparison === '<' ? own < ofCursor : own > ofCursor
  return sql`${time.sql} ${sql.raw(isBeyond ? `${comparison}=` : comparison)} ${at}`
}

/** @throws BadInput if the cursor has a kind that no gateway has given out */
function kindOf({ side, values: [, kind] }: Bound): number {
  const number = Object.values(kindNumbers).find((one) => String(one) === kind)
  if (number === undefined) throw new BadInput('The cursor has an unknown kind of event. Read the list anew.', [side])
  return number
}

function shapeOf({ kinds, since, until }: TimelineQuery, bounds: readonly Bound[]): string {
  const cursors = bounds.map((bound) => bound.side + bound.comparison + kindOf(bound))
  return [kinds.join(), since == null ? '' : 'since', until == null ? '' : 'until', ...cursors].join(' ')
}

function valuesOf({ since, until }: TimelineQuery, bounds: readonly Bound[]): Readonly<Record<string, unknown>> {
  const cursors = bounds.map(({ side, values: [time, , rowid] }) => ({
    [`${side}Time`]: time,
    [`${side}Rowid`]: rowid,
  }))
  return Object.assign({ since, until }, ...cursors)
}
