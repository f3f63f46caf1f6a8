/** How texts change between databases of different encodings. */
import { isNotUtf8, readAsLatin1, replaceIllFormed } from '../../../database/utf8.ts'
import type { CopyColumn } from './plan.ts'

export const invalidBytesModes = ['reject', 'replace', 'latin1'] as const
export type InvalidBytes = (typeof invalidBytesModes)[number]

export interface Conversion {
  readonly sourceEncoding: string
  readonly targetEncoding: string
  readonly invalidBytes: InvalidBytes
}

/** SQL_ASCII does not validate bytes, so texts copied into another encoding must be checked. */
const mustBeUtf8 = ({ sourceEncoding, targetEncoding }: Conversion) =>
  sourceEncoding === 'SQL_ASCII' && targetEncoding !== 'SQL_ASCII'

/** Whether texts with invalid UTF-8 are converted. */
export const converts = (conversion: Conversion): boolean =>
  mustBeUtf8(conversion) && conversion.invalidBytes !== 'reject'

/** Whether the server of the source converts every text into UTF-8, such as from LATIN1. */
export const recodes = ({ sourceEncoding }: Conversion): boolean => !['UTF8', 'SQL_ASCII'].includes(sourceEncoding)

/** A selector is never converted: two accounts may differ in nothing but an invalid byte. */
const mayConvert = ({ name, kind }: CopyColumn): boolean => kind === 'text' && name !== 'selector'

/** The columns whose texts with invalid UTF-8 are converted. */
export function convertedColumns(columns: readonly CopyColumn[], conversion: Conversion): readonly CopyColumn[] {
  return converts(conversion) ? columns.filter(mayConvert) : []
}

export function converted(column: CopyColumn, conversion: Conversion): string {
  if (!converts(conversion) || !mayConvert(column)) return column.value
  return conversion.invalidBytes === 'latin1' ? readAsLatin1(column.value) : replaceIllFormed(column.value)
}

/** Conditions for rows that are rejected because of their bytes. */
export function invalid(columns: readonly CopyColumn[], conversion: Conversion): string[] {
  if (!mustBeUtf8(conversion)) return []
  const unchanged = columns.filter((column) => column.kind === 'text' && !(converts(conversion) && mayConvert(column)))
  return unchanged.map(({ value }) => isNotUtf8(value))
}

/** varchar limits count bytes in SQL_ASCII and characters elsewhere. A text within the limit in bytes is also within it in characters. */
export function tooLong({ value }: CopyColumn, limit: number | undefined, conversion: Conversion): string {
  if (limit === undefined) return 'false'
  const text = recodes(conversion) ? `convert_to(${value}, 'UTF8')` : value
  const bytes = `octet_length(${text}) > ${limit}`
  if (conversion.targetEncoding === 'SQL_ASCII') return bytes
  const characters =
    conversion.sourceEncoding === 'SQL_ASCII'
      ? `length(regexp_replace(${value}, '[\\x80-\\xbf]', '', 'g'))`
      : `length(${value})`
  return `(${bytes} AND ${characters} > ${limit})`
}
