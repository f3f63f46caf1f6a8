import DataLoader from 'dataloader'
import type { Values } from '../database/database.ts'
import { smallNumber } from '../database/wire/wire-row.ts'
import { DatabaseError } from '../errors/database-error.ts'
import { BadInput } from './bad-input.ts'

type BatchLoad<Key, Result> = (keys: readonly Key[]) => Promise<(Result | Error)[]>

type Results<Result> = readonly (Result | Error)[]

export interface Batched<Key, Result> {
  (key: Key): Promise<Result>
  /** The results of several keys by one promise. A key that fails has its error in its place. */
  many(keys: readonly Key[]): Promise<Results<Result>>
}

/**
 * Batches and caches loads per operation: keys requested in one tick share a statement, repeated keys share a result. A key that
 * the database rejects fails alone.
 *
 * @param cacheKeyOf equal for equal keys
 * @param isCached false for loads that must read again
 * @param load returns one result for each key, in the order of the keys; must run its statement for an empty list as well
 */
export function batched<Key, Result>(
  cacheKeyOf: (key: Key) => string,
  load: BatchLoad<Key, Result>,
  isCached = true,
): Batched<Key, Result> {
  // Created lazily, because most operations use few of the loaders.
  let loader: DataLoader<Key, Result, string> | undefined
  const loaderOf = () => {
    loader ??= new DataLoader((keys) => loadOrIsolate(load, keys), { cacheKeyFn: cacheKeyOf, cache: isCached })
    return loader
  }
  return Object.assign((key: Key) => loaderOf().load(key), {
    many: (keys: readonly Key[]) => loaderOf().loadMany(keys),
  })
}

/**
 * As `many`, of keys that are checked first.
 *
 * @param check throws for a key that cannot be asked for; its error is in the place of the result
 */
export async function manyChecked<Key, Result>(
  { many }: Batched<Key, Result>,
  keys: readonly Key[],
  check: (key: Key) => void,
): Promise<Results<Result>> {
  const wrong = keys.map((key) => problemOf(check, key))
  if (wrong.every((problem) => problem === undefined)) return many(keys)
  const found = (await many(keys.filter((_, index) => wrong[index] === undefined))).values()
  return wrong.map((problem) => problem ?? (found.next().value as Result | Error))
}

function problemOf<Key>(check: (key: Key) => void, key: Key): Error | undefined {
  try {
    check(key)
    return undefined
  } catch (error) {
    if (error instanceof BadInput) return error
    throw error
  }
}

async function loadOrIsolate<Key, Result>(
  load: BatchLoad<Key, Result>,
  keys: readonly Key[],
): Promise<(Result | Error)[]> {
  try {
    return await load(keys)
  } catch (error) {
    if (keys.length === 1 || !isRejectedValue(error)) throw error
    // A statement that fails without keys, for example because of a filter, fails for every key.
    await load([])
    return bisect(load, keys)
  }
}

/** Isolates rejected keys by bisection: one among n keys costs about 2 log n statements instead of n. */
async function bisect<Key, Result>(load: BatchLoad<Key, Result>, keys: readonly Key[]): Promise<(Result | Error)[]> {
  const middle = keys.length >> 1
  const halves = [keys.slice(0, middle), keys.slice(middle)].map(async (half) => {
    try {
      return await load(half)
    } catch (error) {
      if (!isRejectedValue(error)) throw error
      return half.length === 1 ? [error] : bisect(load, half)
    }
  })
  return (await Promise.all(halves)).flat()
}

function isRejectedValue(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.failure === 'input'
}

/**
 * The result of each item of a batch. A row that breaks the schema of SIPIS, with a null where there must be none, fails its own item, not
 * the others that came in the same statement.
 */
export function eachAlone<Item, Result>(
  items: readonly Item[],
  resultOf: (item: Item, index: number) => Result,
): (Result | Error)[] {
  return items.map((item, index) => {
    try {
      return resultOf(item, index)
    } catch (error) {
      if (error instanceof Error) return error
      throw error
    }
  })
}

/** As `grouped`, of a statement whose rows have no batch number if it is asked for one key. */
export function groupedUnlessOne(rows: Values[], count: number, place: number): Values[][] {
  return count === 1 ? [rows] : grouped(rows, count, place)
}

/**
 * Groups rows by their batch number.
 *
 * @param count number of groups; batch numbers are 1 to `count`
 * @param place index of the batch number in each row
 */
export function grouped(rows: readonly Values[], count: number, place: number): Values[][] {
  const groups: Values[][] = Array.from({ length: count }, () => [])
  for (const row of rows) groups[smallNumber(row, place) - 1]?.push(row)
  return groups
}
