/** What the statistics have in common. */

import { BadInput } from '../../../loaders/bad-input.ts'
import { maxPageSize } from '../../../loaders/keyset.ts'
import type { Bucket } from '../../../loaders/statistics/buckets.ts'
import { lengthOf, mostDays } from '../../../loaders/statistics/span.ts'
import { builder } from '../../builder.ts'

/** Rows of an answer at most. */
export const mostRows = 1_000

/** Cost of statistics that read a table from the first row to the last, as a count does. */
export const costOfTable = 1_000

/** Cost of a day, for statistics that read a table once: on a table of 14 days they take half the time of a count, for each day. */
export const costOfDay = 500

/** Cost of the rows of one selector. */
export const costOfSelector = 10

const dayMs = 86_400_000

/** The days that a span has begun, by which its cost counts; the most for a span that will be refused. */
export function daysOf(argument: (name: string) => unknown): number {
  const [since, until] = [argument('since'), argument('until')]
  if (typeof since !== 'string' || typeof until !== 'string') return mostDays
  const days = Math.ceil(lengthOf({ since, until }) / dayMs)
  return days >= 1 && days <= mostDays ? days : mostDays
}

/** What a caller waits for an answer at most: the argument `inTimeMs`. */
export const mostTimeMs = 86_400_000

/** Cost of a statistic that reads a table once, by app twice. */
export function costOfSpan(argument: (name: string) => unknown): number {
  return costOfDay * daysOf(argument) * (isBy(argument('by'), 'APP') ? 2 : 1)
}

/** Groups of an answer if `first` is not given. */
export const defaultGroups = 50

/** Reasons of calls, with the unknown and the missing one. */
const mostReasons = 5

/**
 * The rows that a statistic may answer with: each group at each time. A day of 23 hours lets a span touch two days more than it has begun.
 */
export function rowsBelow(argument: (name: string) => unknown): number {
  const by = argument('by')
  const times = isBy(by, 'HOUR') ? 24 * daysOf(argument) + 2 : isBy(by, 'DAY') ? daysOf(argument) + 2 : 1
  const groups = (Array.isArray(by) ? by : [by]).filter((dimension) => !isBucket(dimension))
  const first = firstOf(argument, defaultGroups)
  const isByReason = groups.every((dimension) => dimension === 'REASON')
  return Math.min(mostRows, times * (groups.length === 0 ? 1 : isByReason ? Math.min(first, mostReasons) : first))
}

/** The argument `first`; the most for a value that will be refused. */
export function firstOf(argument: (name: string) => unknown, byDefault: number): number {
  const first = argument('first') ?? byDefault
  return typeof first === 'number' && first >= 0 && first <= maxPageSize ? Math.max(1, first) : maxPageSize
}

/**
 * Splits dimensions into the one of time and the others, each once.
 *
 * @throws BadInput if there are two of time
 */
export function dimensionsOf<Dimension extends string>(by: readonly (Dimension | Bucket)[]) {
  const each = [...new Set(by)].toSorted()
  const buckets = each.filter(isBucket)
  if (buckets.length > 1) throw new BadInput('by has DAY and HOUR. Ask for one of them.', ['by'])
  return { bucket: buckets[0], groups: each.filter((one): one is Exclude<Dimension, Bucket> => !isBucket(one)) }
}

const isBucket = (dimension: unknown): dimension is Bucket => dimension === 'DAY' || dimension === 'HOUR'

/** Whether a dimension is among those of the argument `by`, as it was sent. */
function isBy(by: unknown, dimension: string): boolean {
  return by === dimension || (Array.isArray(by) && by.includes(dimension))
}

interface Filling<Row> {
  readonly starts: readonly string[]
  /** Whether the buckets are times. */
  readonly hasTime: boolean
  readonly counts: readonly (Row & { readonly bucket: number; readonly group: number })[]
  /** What groups are sorted by. */
  readonly sizeOf: (row: Row) => number
  /** Where nothing was counted. */
  readonly empty: Row
}

/**
 * Each group at each time, also where nothing was counted; the largest group first.
 *
 * @param groupOf the part of a row that names its group
 * @throws BadInput if these are too many rows
 */
export function filled<Row extends object>(
  { starts, hasTime, counts, sizeOf, empty }: Filling<Row>,
  groupOf: (row: Row) => Partial<Row>,
): (Row & { readonly time: string | null })[] {
  const groups = new Map<number, { readonly row: Row; readonly size: number }>()
  const cells = new Map<string, Row>()
  for (const row of counts) {
    groups.set(row.group, { row, size: (groups.get(row.group)?.size ?? 0) + sizeOf(row) })
    cells.set(`${row.bucket} ${row.group}`, row)
  }
  const sorted = [...groups].toSorted(([a, one], [b, other]) => other.size - one.size || a - b)
  const named = sorted.length > 0 ? sorted.map(([group, { row }]) => ({ group, row })) : [{ group: 0, row: empty }]
  checkRows(starts.length, named.length)
  return starts.flatMap((start, bucket) =>
    named.map(({ group, row }) => ({
      ...(cells.get(`${bucket} ${group}`) ?? { ...empty, ...groupOf(row) }),
      time: hasTime ? start : null,
    })),
  )
}

function checkRows(buckets: number, groups: number): void {
  const rows = buckets * groups
  if (rows <= mostRows) return
  throw new BadInput(
    `The answer has ${rows} rows, ${buckets} times by ${groups} groups; at most ${mostRows} are answered. Ask for DAY, fewer groups or a shorter span.`,
    ['by'],
  )
}

/** Arguments of a span; `until` is exclusive. */
export const spanArgs = builder.args((t) => ({
  since: t.field({ type: 'DateTime', required: true, description: 'Start of the span, inclusive.' }),
  until: t.field({
    type: 'DateTime',
    required: true,
    description: `End of the span, exclusive; at most ${mostDays} days after \`since\`.`,
  }),
}))

export const timeZoneArg = builder.args((t) => ({
  timeZone: t.string({
    required: true,
    defaultValue: 'UTC',
    description:
      'Zone of the days, by its name in the IANA database, e.g. Europe/Prague. Hours are the same in every zone.',
  }),
}))

export const asOf = 'When the database was read, by the clock of the gateway. Answers are kept for ten seconds.'
