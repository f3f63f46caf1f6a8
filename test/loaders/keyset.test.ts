import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { render } from '../../src/database/database.ts'
import { prepare } from '../../src/database/prepared.ts'
import { BadInput } from '../../src/loaders/bad-input.ts'
import { where } from '../../src/loaders/condition.ts'
import { encodeCursor } from '../../src/loaders/cursor.ts'
import type { Order, Page, PageArguments } from '../../src/loaders/keyset.ts'
import { cursorOf, windowOf } from '../../src/loaders/keyset.ts'
import { hasUsualSize } from '../../src/loaders/statements.ts'

interface Row {
  readonly time: string
  readonly rowid: string
}

const order: Order<Row> = {
  name: 'calls',
  columns: [
    { field: 'time', sql: sql`t.time`, bind: (value) => sql`${value}::timestamptz` },
    { field: 'rowid', sql: sql`t.rowid`, bind: (value) => sql`${value}::bigint` },
  ],
  descending: true,
}
const ascending = { ...order, descending: false }
const cursor = cursorOf(order, { time: '2026-01-02', rowid: '7' })

const orderBy = (of: Order<Row>, page: PageArguments) => render(windowOf(of, page).orderBy()).text
const condition = (of: Order<Row>, page: PageArguments) => {
  const { conditions } = windowOf(of, page)
  return prepare(where(conditions))(Object.assign({}, ...conditions.map(({ values }) => values)))
}

describe('A window', () => {
  it('reads one row more than the page size', () => {
    const limits = [{}, { first: 0 }, { first: 100 }, { last: 5 }, { first: 3, last: 9 }].map(
      (page) => windowOf(order, page).limit,
    )
    expect(limits).toEqual([21, 1, 101, 6, 4])
  })

  it.each([{ first: 101 }, { first: -1 }, { last: 101 }, { last: -1 }])('of %o is rejected', (page) => {
    expect(() => windowOf(order, page)).toThrow(BadInput)
    expect(() => windowOf(order, page)).toThrow(/^(first|last) is (101|-1); it must be from 0 to 100/)
  })

  it('reads in the order of the list, or in reverse if only the last rows are requested', () => {
    expect(orderBy(order, {})).toBe('t.time DESC, t.rowid DESC')
    expect(orderBy(order, { first: 1, last: 1 })).toBe('t.time DESC, t.rowid DESC')
    expect(orderBy(order, { last: 1 })).toBe('t.time ASC, t.rowid ASC')
    expect(orderBy(ascending, { first: 1 })).toBe('t.time ASC, t.rowid ASC')
    expect(orderBy(ascending, { last: 1 })).toBe('t.time DESC, t.rowid DESC')
  })

  it('starts after one cursor and ends before another', () => {
    const beyond = (comparison: string) => `(t.time, t.rowid) ${comparison} ($1::timestamptz, $2::bigint)`
    expect(condition(order, { after: cursor })).toMatchObject({ text: beyond('<'), values: ['2026-01-02', '7'] })
    expect(condition(order, { before: cursor })).toMatchObject({ text: beyond('>'), values: ['2026-01-02', '7'] })
    expect(condition(ascending, { after: cursor }).text).toBe(beyond('>'))
    expect(condition(ascending, { before: cursor }).text).toBe(beyond('<'))
    const both = condition(order, { after: cursor, before: encodeCursor('calls', ['2026-01-01', '9']) })
    expect(both.text).toBe(`${beyond('<')} AND (t.time, t.rowid) > ($3::timestamptz, $4::bigint)`)
    expect(both.values).toEqual(['2026-01-02', '7', '2026-01-01', '9'])
    expect(condition(order, {}).text).toBe('true')
  })

  it('rejects a cursor of another list, or with fewer values', () => {
    expect(() => windowOf(order, { after: encodeCursor('messages', ['1', '2']) })).toThrow(BadInput)
    expect(() => windowOf(order, { before: encodeCursor('calls', ['1']) })).toThrow(BadInput)
  })

  it('has one shape for each SQL, independent of its size and the values of its cursors', () => {
    const pages: PageArguments[] = [
      {},
      { last: 1 },
      { after: cursor },
      { before: cursor },
      { after: cursor, before: cursor },
    ]
    const orders: Order<Row>[] = [order, ascending, { ...order, name: 'messages' }]
    const shapes = orders.flatMap((of) => {
      const pagesOf = of.name === 'calls' ? pages : pages.slice(0, 2)
      return pagesOf.map((page) => windowOf(of, page).shape)
    })
    expect(windowOf(order, { first: 5 }).shape).toBe(windowOf(order, { first: 6 }).shape)
    // Without a cursor the order does not matter: the reverse of one order is the other.
    expect(new Set(shapes).size).toBe(shapes.length - 2)
    expect(shapes.slice(0, 5)).toEqual([
      'calls DESC',
      'calls ASC',
      'calls DESC after<',
      'calls DESC before>',
      'calls DESC after< before>',
    ])
  })

  it('has a usual size if its page size is a common one', () => {
    const usual = Array.from({ length: 101 }, (_, first) => first).filter((first) =>
      hasUsualSize(windowOf(order, { first })),
    )
    expect(usual).toEqual([10, 20, 50, 100])
  })
})

const size = fc.oneof(fc.nat({ max: 8 }), fc.constantFrom(null, undefined))
const place = fc.option(fc.nat({ max: 9 }), { nil: undefined })
const pages = fc
  .record({ first: size, last: size, after: place, before: place })
  .filter(({ first, last }) => first != null || last != null)

type Places = Readonly<Record<'first' | 'last', number | null | undefined>> &
  Readonly<Record<'after' | 'before', number | undefined>>

/** EdgesToReturn of the specification for numeric rows, with the page flags as the schema describes them. */
function specifiedPage(count: number, { first, last, after, before }: Places): Page<number> {
  const all = Array.from({ length: count }, (_, n) => n)
  const between = all.filter((n) => n > (after ?? -1) && n < (before ?? count))
  const kept = between.slice(0, first ?? count)
  const rows = kept.slice(Math.max(0, kept.length - (last ?? count)))
  const isCut = rows.length < kept.length
  if (first == null) return { rows, hasNextPage: before !== undefined, hasPreviousPage: isCut }
  return { rows, hasNextPage: between.length > first, hasPreviousPage: isCut || after !== undefined }
}

/** Rows that a statement returns for the window: between the cursors, in its order, up to its limit. */
function pageRead(count: number, { first, last, after, before }: Places): Page<number> {
  const at = (n: number | undefined) => (n === undefined ? n : encodeCursor('calls', [String(n), '0']))
  const window = windowOf(order, { first, last, after: at(after), before: at(before) })
  const { rows } = specifiedPage(count, { first: count, last: undefined, after, before })
  return window.cut((first == null ? rows.toReversed() : rows).slice(0, window.limit))
}

describe('A page', () => {
  it('follows the algorithm of the cursor connections specification', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 }), pages, (count, page) => {
        expect(pageRead(count, page)).toEqual(specifiedPage(count, page))
      }),
      { numRuns: 300 },
    )
  })

  it('has 20 rows by default', () => {
    const rows = Array.from({ length: 21 }, (_, n) => n)
    expect(windowOf(order, {}).cut(rows)).toEqual({
      rows: rows.slice(0, 20),
      hasNextPage: true,
      hasPreviousPage: false,
    })
    expect(windowOf(order, { first: null, last: null }).cut(rows).rows).toHaveLength(20)
  })
})
