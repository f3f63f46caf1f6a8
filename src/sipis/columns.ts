import type { SQL, SQLWrapper } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Values } from '../database/database.ts'
import { literal, render } from '../database/database.ts'
import { isNull } from '../database/wire/wire-row.ts'
import type { Column, Columns, OrderColumn, PushTestRow } from './projection.ts'

const expression = (part: SQLWrapper): SQL => sql`${part}`

/** A column that is never null. A null violates SIPIS's schema and is an error. */
export function text(part: SQLWrapper): Column<string> {
  return { sql: expression(part), required: true, plain: {}, parse: (value) => value ?? missing() }
}

export function nullableText(part: SQLWrapper): Column<string | null> {
  return { sql: expression(part), plain: {}, parse: (value) => value }
}

/**
 * Text that SIPIS may not have recorded: NULL in v1, the empty text in v2. Null in both; the SQL of both is the empty text, so that
 * conditions on it are the same.
 */
export function recordedText(part: SQLWrapper): Column<string | null> {
  return { sql: expression(part), plain: { unless: '' }, parse: (value) => value || null }
}

export function integer(part: SQLWrapper): Column<number> {
  return { sql: expression(part), required: true, plain: {}, parse: (value) => Number(value ?? missing()) }
}

/** A number, or null instead of 0, which means unknown. */
export function unlessZero(part: SQLWrapper): Column<number | null> {
  return {
    sql: expression(part),
    required: true,
    plain: { unless: '0' },
    parse: (value) => Number(value ?? missing()) || null,
  }
}

function missing(): never {
  throw new Error('A column that cannot be null is null.')
}

/** An element of an order whose cursor value is cast to the type of the column. */
export function orderBy<Row>(
  field: keyof Row & string,
  part: SQLWrapper,
  type: 'timestamptz' | 'timestamp' | 'bigint',
): OrderColumn<Row> {
  const cast = sql.raw(type)
  return { field, sql: expression(part), bind: (value) => sql`${value}::${cast}` }
}

/** Order by time, then by rowid. */
export function byTime<Row extends { time: string; rowid: string }>(
  time: SQLWrapper,
  rowid: SQLWrapper,
): OrderColumn<Row>[] {
  return [orderBy<Row>('time', time, 'timestamptz'), orderBy<Row>('rowid', rowid, 'bigint')]
}

/**
 * Order by the instant of a timestamp without time zone. In UTC it is the order of the timestamps themselves, which an index serves.
 */
export function byInstant(started: SQLWrapper, rowid: SQLWrapper, timeZone: string): OrderColumn<PushTestRow>[] {
  const inUtc = {
    field: 'started',
    sql: expression(started),
    bind: (value: SQL) => sql`(${value}::timestamptz AT TIME ZONE 'UTC')`,
  } as const
  return [
    timeZone === 'UTC' ? inUtc : orderBy<PushTestRow>('started', inZone(started, timeZone), 'timestamptz'),
    orderBy<PushTestRow>('rowid', rowid, 'bigint'),
  ]
}

export function selectList<Row>(columns: Columns<Row>): SQL {
  return sql.join([...expressionsOf(columns)], sql`, `)
}

/** What is selected for the columns: an expression that several have only once. */
export function expressionsOf<Row>(columns: Columns<Row>): readonly SQL[] {
  const expressions = new Map<string, SQL>()
  for (const [, { sql }] of list(columns)) expressions.set(textOf(sql), sql)
  return [...expressions.values()]
}

/** Rendered once, because a service asks for those of all columns several times when it starts. */
const texts = new WeakMap<SQL, string>()

/** Equal for equal expressions. */
function textOf(expression: SQL): string {
  const known = texts.get(expression)
  if (known !== undefined) return known
  const { text, values } = render(expression)
  const made = JSON.stringify([text, values])
  texts.set(expression, made)
  return made
}

/** A column whose bytes are the value of the property, unless they are a text that stands for null. */
export interface PlainColumn {
  /** From the offset of the row on. */
  readonly index: number
  readonly unless: '' | '0' | undefined
}

/** A row as received. A value is parsed when it is read, because most answers contain few of them. */
export class Decoded {
  readonly values: Values
  readonly offset: number
  readonly owner: unknown
  /** Columns whose bytes are the value. */
  declare readonly plain: ReadonlyMap<string, PlainColumn>

  constructor(values: Values, offset: number, owner: unknown) {
    this.values = values
    this.offset = offset
    this.owner = owner
  }

  // Names of fields of the API; a column of the same name takes precedence. A field that is a property costs a fraction of one
  // with a resolver function.

  get selector(): unknown {
    return this.owner
  }

  get caller(): this {
    return this
  }

  get sender(): this {
    return this
  }
}

/** A row with its owner, and with itself under the names of the API for its peer. */
export type RowView<Row, Owner> = Row & { readonly owner: Owner } & Omit<Names<Row, Owner>, keyof Row>

interface Names<Row, Owner> {
  readonly selector: Owner
  readonly caller: Row
  readonly sender: Row
}

/**
 * Returns a function that makes a row. From `offset` on, its values are those of `selectList(columns)`. It throws if a required
 * column is null: an error that a property throws when it is read would have no handler.
 */
export function decoder<Row>(
  columns: Columns<Row>,
): <Owner>(values: Values, offset: number, owner: Owner) => RowView<Row, Owner> {
  class Of extends Decoded {}
  const selected = expressionsOf(columns).map(textOf)
  const all = list(columns).map(([name, column]) => ({ name, column, index: selected.indexOf(textOf(column.sql)) }))
  for (const { name, column, index } of all) {
    const { parse } = column
    const get = function (this: Decoded) {
      return parse(this.values[this.offset + index] ?? null)
    }
    Object.defineProperty(Of.prototype, name, { get, enumerable: true })
  }
  const places = all.flatMap(({ name, column: { plain }, index }): [string, PlainColumn][] =>
    plain === undefined ? [] : [[name, { index, unless: plain.unless }]],
  )
  Object.defineProperty(Of.prototype, 'plain', { value: new Map(places) })
  const required = [...new Set(all.flatMap(({ column, index }) => (column.required ? [index] : [])))]
  return <Owner>(values: Values, offset: number, owner: Owner) => {
    for (const index of required) if (isNull(values, offset + index)) missing()
    // Each column's parser gives its value; the names are those of the mapped type.
    return new Of(values, offset, owner) as object as RowView<Row, Owner>
  }
}

function list<Row>(columns: Columns<Row>): [string, Column<unknown>][] {
  return Object.entries(columns)
}

/** Number of values of a row. */
export function width<Row>(columns: Columns<Row>): number {
  return expressionsOf(columns).length
}

/**
 * Text that must come back unchanged as a key or in a cursor. In an SQL_ASCII database it may hold bytes that are not UTF-8,
 * so it is read and bound in PostgreSQL's escape format, which leaves plain ASCII text unchanged.
 */
export function exactText(part: SQLWrapper, encoding: string): { read: Column<string>; bind: (value: SQL) => SQL } {
  if (encoding !== 'SQL_ASCII') return { read: text(part), bind: (value) => value }
  return {
    read: text(sql`encode(convert_to(${part}, 'SQL_ASCII'), 'escape')`),
    bind: (value) => sql`convert_from(decode(${value}, 'escape'), 'SQL_ASCII')`,
  }
}

/**
 * A timestamp without time zone as an instant. Years that the API cannot show are taken as UTC: in another zone they could exceed
 * PostgreSQL's range, which fails the whole statement.
 */
export function inZone(part: SQLWrapper, timeZone: string): SQL {
  if (timeZone === 'UTC') return sql`(${part} AT TIME ZONE 'UTC')`
  return sql`(CASE WHEN ${part} BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999'
    THEN ${part} AT TIME ZONE ${sql.raw(literal(timeZone))} ELSE ${part} AT TIME ZONE 'UTC' END)`
}

/** The SHA-256 in hexadecimal digits, computed by the server, so that the text does not leave it. */
export function sha256(part: SQLWrapper, encoding: string): SQL {
  const bytes = sql`convert_to(${part}, ${sql.raw(literal(encoding === 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8'))})`
  return sql`encode(sha256(${bytes}), 'hex')`
}

/** An instant as a timestamp without time zone, the reverse of `inZone`. */
export function localIn(instant: SQL, timeZone: string): SQL {
  return sql`(${instant} AT TIME ZONE ${sql.raw(literal(timeZone))})`
}

/** The first 16 hexadecimal digits of the SHA-256. */
export function fingerprint(part: SQLWrapper, encoding: string): Column<string> {
  return text(sql`left(${sha256(part, encoding)}, 16)`)
}

/** Values that are too long for `value` are in `longvalue`. */
export function settingColumns({ name, value, longvalue }: Record<'name' | 'value' | 'longvalue', SQLWrapper>) {
  return { name: text(name), value: nullableText(sql`coalesce(${longvalue}, ${value})`) }
}
