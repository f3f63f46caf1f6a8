/** Statements that analyse, copy and compare one table. */
import { literal } from '../../database/database.ts'
import { isNotUtf8, readAsLatin1, replaceIllFormed } from '../../database/utf8.ts'
import type { Schemas } from '../../sipis/schemas.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import type { CopyColumn, CopyTable, Reason } from './plan.ts'

export const invalidBytesModes = ['reject', 'replace', 'latin1'] as const
export type InvalidBytes = (typeof invalidBytesModes)[number]

export interface Conversion {
  readonly sourceEncoding: string
  readonly targetEncoding: string
  readonly invalidBytes: InvalidBytes
}

/** Properties of a table, from the system catalogue. */
export interface TableFacts {
  /** Maximum lengths of varchar columns. */
  readonly limits: ReadonlyMap<string, number>
  readonly uniqueKeys: readonly (readonly string[])[]
}

export interface TableStatements {
  /** Returns whether accepted rows share a value of the key, which is a list of v2 columns. */
  hasDuplicates(key: readonly string[]): string
  /** Returns a row for each reason, and one with a null reason for accepted rows: reason, rows, a count for each of `noted`. */
  counts(duplicates: Duplicates): string
  /** The same, followed by both checksums. */
  analysis(duplicates: Duplicates): string
  /** Reason and key of each rejected row. */
  rejects(duplicates: Duplicates): string
  /**
   * The first selectors with rows that are rejected for other reasons than these, each with the total number of such selectors and
   * rows.
   */
  lost(duplicates: Duplicates, except: readonly Reason[], limit: number): string
  /** Accepted rows with v2 columns. Without rejects, the statement has no conditions. */
  accepted(duplicates: Duplicates, hasRejects: boolean): string
  /** Changes to count: filled nulls and converted texts. */
  readonly noted: readonly { readonly column: string; readonly kind: 'filled' | 'converted' }[]
  readonly columns: readonly string[]
}

/** Keys of the target that rows of the source would violate. */
type Duplicates = readonly (readonly string[])[]

/** SQL_ASCII does not validate bytes, so texts copied into another encoding must be checked. */
const mustBeUtf8 = ({ sourceEncoding, targetEncoding }: Conversion) =>
  sourceEncoding === 'SQL_ASCII' && targetEncoding !== 'SQL_ASCII'

/** Whether texts with invalid UTF-8 are converted. */
export const converts = (conversion: Conversion): boolean =>
  mustBeUtf8(conversion) && conversion.invalidBytes !== 'reject'

export function statementsOf(table: CopyTable, { limits }: TableFacts, conversion: Conversion): TableStatements {
  const columns = table.columns.map((column) => ({ ...column, value: converted(column, conversion) }))
  const names = [...(table.numbered === undefined ? [] : [table.numbered.column]), ...columns.map(({ name }) => name)]
  const noted = notes(table.columns, conversion)
  const reason = caseOf([
    ...table.rejects,
    ['too-long', anyOf(columns.map((column) => tooLong(column, limits.get(column.name), conversion)))],
    ['invalid-bytes', anyOf(invalid(table.columns, conversion))],
  ])
  const keys = Object.entries(table.key).map(([name, value]) => `${value} AS k_${name}`)
  const flags = noted.map(({ condition }, index) => `${condition} AS n_${index}`)
  const values = columns.map(({ name, value }) => `${value} AS ${name}`)
  const rows = `SELECT ${[...keys, ...values, ...flags, `${reason} AS reason0`].join(', ')} FROM ${table.from}`
  const line = lineOf(columns)

  const classified = (duplicates: Duplicates) => {
    const tie = columns.some(({ name }) => name === 'rowid') ? `rowid DESC, md5(${line}) DESC` : `md5(${line}) DESC`
    return duplicates.reduce(
      (inner, key, depth) => `SELECT *, CASE WHEN reason${depth} IS NULL AND row_number() OVER (
          PARTITION BY reason${depth}, ${key.join(', ')} ORDER BY ${tie}) > 1 THEN 'duplicate-key' ELSE reason${depth} END AS reason${depth + 1}
        FROM (${inner}) AS r${depth}`,
      rows,
    )
  }
  const last = (duplicates: Duplicates) => `reason${duplicates.length}`
  const numbered = (duplicates: Duplicates) => {
    const inner = classified(duplicates)
    if (table.numbered === undefined) return inner
    const { column, orderBy } = table.numbered
    return `SELECT *, row_number() OVER (PARTITION BY ${last(duplicates)} ORDER BY ${orderBy.map((name) => byBytes(name, name)).join(', ')}) AS ${column}
      FROM (${inner}) AS unnumbered`
  }

  const totals = (duplicates: Duplicates, from: string, others: readonly string[]) => {
    const why = last(duplicates)
    const counts = noted.map((_, index) => `count(*) FILTER (WHERE ${why} IS NULL AND n_${index})`)
    return `SELECT ${[why, 'count(*)', ...counts, ...others].join(', ')} FROM (${from}) AS r GROUP BY ${why}`
  }

  return {
    columns: names,
    noted,
    hasDuplicates: (key) => `SELECT EXISTS (SELECT FROM (${classified([])}) AS r WHERE reason0 IS NULL
      GROUP BY ${key.join(', ')} HAVING count(*) > 1)`,
    counts: (duplicates) => totals(duplicates, classified(duplicates), []),
    analysis: (duplicates) => {
      const line = lineOf(withNumber(table, columns))
      return totals(duplicates, numbered(duplicates), sums(line, `${last(duplicates)} IS NULL`))
    },
    rejects: (duplicates) => {
      const why = last(duplicates)
      const parts = Object.keys(table.key).map((name) => `k_${name}`)
      return `SELECT ${[why, ...parts].join(', ')} FROM (${classified(duplicates)}) AS r WHERE ${why} IS NOT NULL`
    },
    lost: (duplicates, except, limit) => {
      const why = last(duplicates)
      return `SELECT selector, count(*) OVER (), sum(count(*)) OVER () FROM (${classified(duplicates)}) AS r
        WHERE ${why} IS NOT NULL AND ${why} NOT IN (${except.map(literal).join(', ')}) AND selector IS NOT NULL
        GROUP BY selector ORDER BY selector COLLATE "C" LIMIT ${limit}`
    },
    accepted: (duplicates, hasRejects) =>
      hasRejects
        ? `SELECT ${names.join(', ')} FROM (${numbered(duplicates)}) AS r WHERE ${last(duplicates)} IS NULL`
        : `SELECT ${unconditional(table, columns).join(', ')} FROM ${table.from}`,
  }
}

/** Counts and checksums rows of the target; comparable with the result of `analysis`. */
export function targetChecksum(table: CopyTable, schemas: Schemas): string {
  const line = lineOf(withNumber(table, table.columns))
  return `SELECT count(*), ${sums(line, undefined).join(', ')} FROM ${qualifiedName(schemas, table.name)}`
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
 * Serializes a row unambiguously: its values, followed by the byte lengths of its texts, so that shifting bytes between columns is
 * detected. Nullable values have a prefix that distinguishes them from null.
 */
function lineOf(columns: readonly CopyColumn[]): string {
  const values = columns.map(({ name, nullable }) => (nullable ? `coalesce('=' || ${name}, '')` : name))
  const lengths = columns.filter(({ kind }) => kind === 'text').map(({ name }) => `coalesce(octet_length(${name}), -1)`)
  return `concat_ws(E'\\x1f', ${[...values, ...lengths].join(', ')})`
}

/** Sums of both halves of the MD5 of each row; independent of the row order. */
function sums(line: string, condition: string | undefined): string[] {
  const filter = condition === undefined ? '' : ` FILTER (WHERE ${condition})`
  return [1, 17].map((from) => `coalesce(sum(('x' || substr(md5(${line}), ${from}, 16))::bit(64)::bigint)${filter}, 0)`)
}

function converted({ kind, value }: CopyColumn, conversion: Conversion): string {
  if (kind !== 'text' || !converts(conversion)) return value
  return conversion.invalidBytes === 'latin1' ? readAsLatin1(value) : replaceIllFormed(value)
}

function invalid(columns: readonly CopyColumn[], conversion: Conversion): string[] {
  if (!mustBeUtf8(conversion) || conversion.invalidBytes !== 'reject') return []
  return columns.filter(({ kind }) => kind === 'text').map(({ value }) => isNotUtf8(value))
}

/** varchar limits count bytes in SQL_ASCII and characters elsewhere. A text within the limit in bytes is also within it in characters. */
function tooLong({ value }: CopyColumn, limit: number | undefined, conversion: Conversion): string {
  if (limit === undefined) return 'false'
  const bytes = `octet_length(${value}) > ${limit}`
  if (conversion.targetEncoding === 'SQL_ASCII') return bytes
  const characters =
    conversion.sourceEncoding === 'SQL_ASCII'
      ? `length(regexp_replace(${value}, '[\\x80-\\xbf]', '', 'g'))`
      : `length(${value})`
  return `(${bytes} AND ${characters} > ${limit})`
}

function notes(columns: readonly CopyColumn[], conversion: Conversion) {
  const filled = columns.flatMap(({ name, filled: condition }) =>
    condition === undefined ? [] : [{ column: name, kind: 'filled' as const, condition }],
  )
  if (!converts(conversion)) return filled
  const texts = columns.filter(({ kind }) => kind === 'text')
  return [
    ...filled,
    ...texts.map(({ name, value }) => ({
      column: name,
      kind: 'converted' as const,
      condition: `coalesce(${isNotUtf8(value)}, false)`,
    })),
  ]
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
