/** Fields that give a column of a row as it is: bytes of PostgreSQL go into the answer without a string in between. */
import type { GraphQLField, GraphQLOutputType } from 'graphql'
import { GraphQLID, GraphQLInt, GraphQLString, getNullableType, isNonNullType, isScalarType } from 'graphql'
import { WireRow } from '../../database/wire/wire-row.ts'
import type { Context } from '../../graph/context.ts'
import type { Usage } from '../../loaders/usage.ts'
import { Decoded } from '../../sipis/columns.ts'
import type { Output } from './output.ts'

/** Copies bytes of a row into the answer. @returns false, and copies nothing, if they have another form there */
type Copy = (row: WireRow, start: number, end: number, usage: Usage, output: Output) => boolean

export interface ColumnField {
  readonly property: string
  readonly isNullable: boolean
  readonly copy: Copy
}

export const nullBytes = Buffer.from('null')

/** @returns whether the property is a column of the row, and is printed: as null, or with its bytes as they are */
export function copyColumn(column: ColumnField, row: unknown, usage: Usage, output: Output): boolean {
  if (!(row instanceof Decoded)) return false
  const { values, offset } = row
  const plain = row.plain.get(column.property)
  if (plain === undefined || !(values instanceof WireRow)) return false
  const start = values.startOf(offset + plain.index)
  const end = values.endOf(offset + plain.index)
  if (start === -1 || isNoValue(values, start, end, plain.unless)) {
    if (column.isNullable) output.bytes(nullBytes)
    return column.isNullable
  }
  return column.copy(values, start, end, usage, output)
}

function isNoValue({ bytes }: WireRow, start: number, end: number, unless: '' | '0' | undefined): boolean {
  return end - start === unless?.length && (end === start || bytes[start] === zero)
}

const zero = 0x30

/** A field that gives a property as it is may copy the bytes of a column. */
export function columnOf({ type, extensions }: GraphQLField<unknown, Context>): ColumnField | undefined {
  const { pothosExposedField: property } = extensions
  const named = getNullableType(type)
  const copy = copyOf(named)
  return property === undefined || copy === undefined ? undefined : { property, isNullable: !isNonNullType(type), copy }
}

function copyOf(type: GraphQLOutputType): Copy | undefined {
  if (type === GraphQLString || type === GraphQLID) return copyText
  if (type === GraphQLInt) return copyInteger
  return isScalarType(type) && type.name === 'DateTime' ? copyInstant : undefined
}

const copyText: Copy = (row, start, end, usage, output) => {
  if (!output.plain(row, start, end)) return false
  usage.answerBytes(row, start, end)
  return true
}

const copyInteger: Copy = (row, start, end, _, output) => output.digits(row, start, end)

/** The common form: UTC, four-digit year, not BC. See formatInstant. */
const copyInstant: Copy = (row, start, end, _, output) => {
  const { bytes } = row
  const length = end - start
  const isUtc = bytes[end - 3] === 0x2b && bytes[end - 2] === zero && bytes[end - 1] === zero
  if (!isUtc || bytes[start + 10] !== 0x20 || length < toSeconds + 3 || length > toMicroseconds + 3) return false
  output.instant(row, start, end - 3)
  return true
}

const toSeconds = '2026-11-22 06:24:17'.length
const toMicroseconds = '2026-11-22 06:24:17.701827'.length
