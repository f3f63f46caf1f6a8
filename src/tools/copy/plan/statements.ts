/** Statements that analyse, copy and compare one table. */
import { literal } from '../../../database/database.ts'
import { isNotUtf8 } from '../../../database/utf8.ts'
import type { Schemas } from '../../../sipis/schemas.ts'
import { qualifiedName } from '../../../sipis/schemas.ts'
import type { Conversion } from './conversion.ts'
import { converted, convertedColumns, invalid, recodes, tooLong } from './conversion.ts'
import type { CopyColumn, CopyTable, Reason } from './plan.ts'

/** Properties of a table, from the system catalogue. */
export interface TableFacts {
  /** Maximum lengths of varchar columns. */
  readonly limits: ReadonlyMap<string, number>
  /** Maximum length of the name of a selector, in the table of selectors. */
  readonly ownerLimit?: number | undefined
  readonly uniqueKeys: readonly UniqueKey[]
}

export interface UniqueKey {
  readonly columns: readonly string[]
  /** NULLS NOT DISTINCT: two rows with nulls violate it. */
  readonly nullsAreEqual: boolean
  /** False while it is invalid, or for a parent, whose children it does not cover. */
  readonly holdsForAllRows: boolean
}

/** What rows of the source would violate in the target. */
export interface Collisions {
  /** Keys of which only the newest row is copied. */
  readonly keys: readonly UniqueKey[]
  /** Whether rows share a rowid, so that the later ones are numbered anew. */
  readonly rowids: boolean
}

export interface TableStatements {
  /** Returns whether accepted rows share a value of the key. */
  hasDuplicates(key: UniqueKey): string
  /**
   * Returns a row for each reason, and one with a null reason for accepted rows: reason, rows, rows numbered anew, a count for each of
   * `noted`.
   */
  counts(collisions: Collisions): string
  /** The same, followed by the checksum. */
  analysis(collisions: Collisions): string
  /** Reason and key of each rejected row. */
  rejects(collisions: Collisions): string
  /**
   * The first selectors with rows that are rejected for other reasons than these, each with the total number of such selectors and
   * rows.
   */
  lost(collisions: Collisions, except: readonly Reason[], limit: number): string
  /** Accepted rows with v2 columns. Without rejects, the statement has no conditions. */
  accepted(collisions: Collisions, hasRejects: boolean): string
  /** Changes to count: filled nulls and converted texts. */
  readonly noted: readonly Note[]
  readonly columns: readonly string[]
}

interface Note {
  readonly column: string
  readonly kind: 'filled' | 'converted'
  readonly condition: string
}

/** The parts of the statements of one table. */
interface Layout {
  readonly table: CopyTable
  /** Rows with the columns of v2, `carried` and a reason. */
  readonly rows: string
  /** All columns of `rows` but the reason. */
  readonly carried: readonly string[]
  /** Hash of a row. */
  readonly hash: string
}

export function statementsOf(table: CopyTable, facts: TableFacts, conversion: Conversion): TableStatements {
  const columns = table.columns.map((column) => ({ ...column, value: converted(column, conversion) }))
  const names = [...(table.numbered === undefined ? [] : [table.numbered.column]), ...columns.map(({ name }) => name)]
  const noted = notes(table.columns, conversion)
  const layout = layoutOf(table, columns, noted, facts, conversion)
  const selector = columns.some(({ name }) => name === 'selector') ? 'selector' : 'k_selector'
  const hashOfTarget = hashOf(withNumber(table, columns), recodes(conversion))

  const classified = ({ keys }: Collisions) =>
    keys.reduce((inner, key) => withoutDuplicates(inner, key, layout), layout.rows)
  const passed = (collisions: Collisions) =>
    collisions.rowids ? numberedAnew(classified(collisions), layout) : classified(collisions)
  const numbered = (collisions: Collisions) => withRowNumber(passed(collisions), table)
  const totals = (collisions: Collisions, from: string, others: readonly string[]) => {
    const anew = collisions.rowids ? 'count(*) FILTER (WHERE anew)' : '0'
    const counts = noted.map((_, index) => `count(*) FILTER (WHERE reason IS NULL AND n_${index})`)
    return `SELECT ${['reason', 'count(*)', anew, ...counts, ...others].join(', ')} FROM (${from}) AS r GROUP BY reason`
  }

  return {
    columns: names,
    noted,
    hasDuplicates: (key) => `SELECT EXISTS (SELECT FROM (${layout.rows}) AS r WHERE reason IS NULL ${ifComparable(key)}
      GROUP BY ${key.columns.map(quoted).join(', ')} HAVING count(*) > 1)`,
    counts: (collisions) => totals(collisions, passed(collisions), []),
    analysis: (collisions) => totals(collisions, numbered(collisions), [checksum(hashOfTarget, 'reason IS NULL')]),
    rejects: (collisions) => {
      const parts = Object.keys(table.key).map((name) => `k_${name}`)
      return `SELECT ${['reason', ...parts].join(', ')} FROM (${classified(collisions)}) AS r WHERE reason IS NOT NULL`
    },
    lost: (collisions, except, limit) =>
      `SELECT ${selector}, count(*) OVER (), sum(count(*)) OVER () FROM (${classified(collisions)}) AS r
        WHERE reason IS NOT NULL AND reason NOT IN (${except.map(literal).join(', ')}) AND ${selector} IS NOT NULL
        GROUP BY ${selector} ORDER BY ${selector} COLLATE "C" LIMIT ${limit}`,
    accepted: (collisions, hasRejects) =>
      hasRejects || collisions.rowids
        ? `SELECT ${names.join(', ')} FROM (${numbered(collisions)}) AS r WHERE reason IS NULL`
        : `SELECT ${unconditional(table, columns).join(', ')} FROM ${table.from}`,
  }
}

function layoutOf(
  table: CopyTable,
  columns: readonly CopyColumn[],
  noted: readonly Note[],
  facts: LimitFacts,
  conversion: Conversion,
): Layout {
  const reason = reasonOf(table, facts, conversion)
  const parts: Record<string, string> = {
    ...Object.fromEntries(Object.entries(table.key).map(([name, value]) => [`k_${name}`, value])),
    ...Object.fromEntries(columns.map(({ name, value }) => [name, value])),
    ...Object.fromEntries(noted.map(({ condition }, index) => [`n_${index}`, condition])),
  }
  const list = Object.entries({ ...parts, reason }).map(([name, value]) => `${value} AS ${name}`)
  return {
    table,
    rows: `SELECT ${list.join(', ')} FROM ${table.from}`,
    carried: Object.keys(parts),
    hash: hashOf(columns, recodes(conversion)),
  }
}

/** How many bytes or characters the columns of the target hold. */
type LimitFacts = Pick<TableFacts, 'limits' | 'ownerLimit'>

/** SQL of the reason for which a row is rejected, null if it is accepted. */
export function reasonOf(
  { columns, rejects, ownerName }: Pick<CopyTable, 'columns' | 'rejects' | 'ownerName'>,
  { limits, ownerLimit }: LimitFacts,
  conversion: Conversion,
): string {
  const written = columns.map((column) => ({ ...column, value: converted(column, conversion) }))
  const owner = ownerName === undefined ? [] : [ownerName]
  const lengths = [
    ...written.map((column) => tooLong(column, limits.get(column.name), conversion)),
    ...owner.map((name) => tooLong(name, ownerLimit, conversion)),
  ]
  return caseOf([
    ...rejects,
    ['too-long', anyOf(lengths)],
    ['invalid-bytes', anyOf(invalid([...columns, ...owner], conversion))],
  ])
}

/** Counts and checksums rows of the target; comparable with the result of `analysis`. */
export function targetChecksum(table: CopyTable, schemas: Schemas): string {
  const hash = hashOf(withNumber(table, table.columns), false)
  return `SELECT count(*), ${checksum(hash, undefined)} FROM ${qualifiedName(schemas, table.name)}`
}

/** Names of keys come from the catalogue of a database. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Rows with nulls do not violate a key, unless it says otherwise. */
function ifComparable({ columns, nullsAreEqual }: UniqueKey): string {
  return nullsAreEqual ? '' : columns.map((name) => `AND ${quoted(name)} IS NOT NULL`).join(' ')
}

/** Rejects all but the newest of the rows that share a key. */
function withoutDuplicates(rows: string, key: UniqueKey, { carried, hash }: Layout): string {
  const newest = carried.includes('rowid') ? `rowid DESC, ${hash} DESC` : `${hash} DESC`
  return `SELECT ${carried.join(', ')}, CASE WHEN reason IS NULL ${ifComparable(key)} AND row_number() OVER (
      PARTITION BY reason, ${key.columns.map(quoted).join(', ')} ORDER BY ${newest}) > 1 THEN 'duplicate-key' ELSE reason END AS reason
    FROM (${rows}) AS r`
}

/** Of accepted rows that share a rowid the earliest keeps it; the others get numbers above all that were given out. */
function numberedAnew(rows: string, { table, carried, hash }: Layout): string {
  const moment = ['time', 'lastseen'].find((name) => carried.includes(name))
  const order = [...(moment === undefined ? [] : [`${moment} NULLS FIRST`]), hash].join(', ')
  const others = carried.filter((name) => name !== 'rowid').join(', ')
  const placed = `SELECT *, reason IS NULL AND row_number() OVER (PARTITION BY reason, rowid ORDER BY ${order}) > 1 AS anew FROM (${rows}) AS r`
  return `SELECT ${others}, reason, anew, CASE WHEN anew THEN greatest(max(rowid) OVER (), ${table.floor})
      + row_number() OVER (PARTITION BY anew ORDER BY rowid, ${order}) ELSE rowid END AS rowid
    FROM (${placed}) AS r`
}

function withRowNumber(rows: string, { numbered }: CopyTable): string {
  if (numbered === undefined) return rows
  const order = numbered.orderBy.map((name) => byBytes(name, name)).join(', ')
  return `SELECT *, row_number() OVER (PARTITION BY reason ORDER BY ${order}) AS ${numbered.column} FROM (${rows}) AS unnumbered`
}

function unconditional(table: CopyTable, columns: readonly CopyColumn[]): string[] {
  const values = columns.map(({ name, value }) => `${value} AS ${name}`)
  if (table.numbered === undefined) return values
  const expressionOf = (name: string) => columns.find((column) => column.name === name)?.value ?? name
  const order = table.numbered.orderBy.map((name) => byBytes(name, expressionOf(name))).join(', ')
  return [`row_number() OVER (ORDER BY ${order}) AS ${table.numbered.column}`, ...values]
}

/** Sorts texts by bytes, independent of the collation of the database. */
function byBytes(name: string, value: string): string {
  return name === 'started' || name === 'concluded' ? value : `${value} COLLATE "C"`
}

function withNumber(table: CopyTable, columns: readonly CopyColumn[]): readonly CopyColumn[] {
  if (table.numbered === undefined) return columns
  const { column: name } = table.numbered
  return [{ name, value: name, kind: 'other', nullable: false, filled: undefined }, ...columns]
}

/**
 * MD5 of a row, serialized unambiguously: its values, followed by the byte lengths of its texts, so that shifting bytes between columns is
 * detected. Nullable values have a prefix that distinguishes them from null. Recoded, it is that of the row in UTF-8.
 */
function hashOf(columns: readonly CopyColumn[], recoded: boolean): string {
  const inUtf8 = (text: string) => (recoded ? `convert_to(${text}, 'UTF8')` : text)
  const values = columns.map(({ name, nullable }) => (nullable ? `coalesce('=' || ${name}, '')` : name))
  const texts = columns.filter(({ kind }) => kind === 'text')
  const lengths = texts.map(({ name }) => `coalesce(octet_length(${inUtf8(name)}), -1)`)
  return `md5(${inUtf8(`concat_ws(E'\\x1f', ${[...values, ...lengths].join(', ')})`)})`
}

/**
 * Sum of 64 bits of the hash of each row; independent of the row order. One sum, because the server would hash each row again for a second
 * one, and a subquery that prevents that would also keep it from scanning in parallel.
 */
function checksum(hash: string, condition: string | undefined): string {
  const filter = condition === undefined ? '' : ` FILTER (WHERE ${condition})`
  return `coalesce(sum(('x' || substr(${hash}, 1, 16))::bit(64)::bigint)${filter}, 0)`
}

function notes(columns: readonly CopyColumn[], conversion: Conversion): Note[] {
  const filled = columns.flatMap(({ name, filled: condition }) =>
    condition === undefined ? [] : [{ column: name, kind: 'filled' as const, condition }],
  )
  const texts = convertedColumns(columns, conversion).map(({ name, value }) => ({
    column: name,
    kind: 'converted' as const,
    condition: `coalesce(${isNotUtf8(value)}, false)`,
  }))
  return [...filled, ...texts]
}

function anyOf(conditions: readonly string[]): string {
  const asked = conditions.filter((condition) => condition !== 'false')
  return asked.length === 0 ? 'false' : asked.map((condition) => `(${condition})`).join(' OR ')
}

function caseOf(rejects: readonly (readonly [Reason, string])[]): string {
  const cases = rejects.filter(([, condition]) => condition !== 'false')
  if (cases.length === 0) return 'NULL::text'
  return `CASE ${cases.map(([reason, condition]) => `WHEN ${condition} THEN ${literal(reason)}`).join(' ')} END`
}
