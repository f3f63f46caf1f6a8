import type { Value } from '../database/database.ts'
import { DatabaseError } from '../errors/database-error.ts'
import { BadInput } from './bad-input.ts'

type BatchLoad<Key, Result> = (keys: readonly Key[]) => Promise<(Result | Error)[]>

type Results<Result> = readonly (Result | Error)[]

export interface Batched<Key, Result> {
  (key: Key): Promise<Result>
  /** The results of several keys by one promise. A key that fails has its error in its place. */
  many(keys: readonly Key[]): Promise<Results<Result>>
}

/** Keys that share a statement. */
interface Batch<Key, Result> {
  readonly keys: Key[]
  /** Resolves when no further key is taken. */
  readonly sent: Promise<void>
  /** One result for each key. */
  readonly results: Promise<Results<Result>>
}

interface Place<Key, Result> {
  readonly batch: Batch<Key, Result>
  readonly index: number
}

/**
 * Batches and caches loads per operation: keys requested in one tick share a statement, repeated keys share a result. A key that
 * the database rejects fails alone. If a statement fails for all its keys, they are loaded again when they are asked for again.
 *
 * @param cacheKeyOf equal for equal keys
 * @param load returns one result for each key, in the order of the keys; must run its statement for an empty list as well
 */
export function batched<Key, Result>(
  cacheKeyOf: (key: Key) => string,
  load: BatchLoad<Key, Result>,
): Batched<Key, Result> {
  const places = new Map<string, Place<Key, Result>>()
  let open: Batch<Key, Result> | undefined

  const begin = (): Batch<Key, Result> => {
    const keys: Key[] = []
    const sent = thisTick().then(() => {
      open = undefined
    })
    const results = sent.then(() => (keys.length === 0 ? [] : loadOrIsolate(load, keys)))
    results.catch(() => {
      for (const key of keys) places.delete(cacheKeyOf(key))
    })
    return { keys, sent, results }
  }
  const placeOf = (key: Key, batch: Batch<Key, Result>): Place<Key, Result> => {
    const cacheKey = cacheKeyOf(key)
    const known = places.get(cacheKey)
    if (known !== undefined) return known
    const place = { batch, index: batch.keys.push(key) - 1 }
    places.set(cacheKey, place)
    return place
  }
  const one = (key: Key): Promise<Result> => {
    open ??= begin()
    const { batch, index } = placeOf(key, open)
    return resultsOf(batch, open).then((results) => unlessError(results[index]))
  }
  const many = async (keys: readonly Key[]): Promise<Results<Result>> => {
    open ??= begin()
    const current = open
    const wanted = keys.map((key) => placeOf(key, current))
    const batches = [...new Set(wanted.map(({ batch }) => batch))]
    const found = await Promise.allSettled(batches.map((batch) => resultsOf(batch, current)))
    const ofBatch = new Map(batches.map((batch, index) => [batch, found[index]]))
    return wanted.map(({ batch, index }) => resultAt(ofBatch.get(batch), index))
  }
  return Object.assign(one, { many })
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

/** What is known already waits for what is asked beside it, so that what both lead to is one batch, too. */
function resultsOf<Key, Result>(batch: Batch<Key, Result>, current: Batch<Key, Result>): Promise<Results<Result>> {
  return batch === current ? batch.results : current.sent.then(() => batch.results)
}

/** Resolves when everything has asked that waited for the same as the caller. */
function thisTick(): Promise<void> {
  return Promise.resolve().then(() => new Promise((resolve) => process.nextTick(resolve)))
}

function resultAt<Result>(found: PromiseSettledResult<Results<Result>> | undefined, index: number): Result | Error {
  if (found?.status !== 'fulfilled') return found?.reason
  return found.value[index] as Result | Error
}

function unlessError<Result>(result: Result | Error | undefined): Result {
  if (result instanceof Error) throw result
  return result as Result
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

/** As `grouped`, of a statement whose rows have no batch number if it is asked for one key. */
export function groupedUnlessOne(rows: Value[][], count: number, place: number): Value[][][] {
  return count === 1 ? [rows] : grouped(rows, count, place)
}

/**
 * Groups rows by their batch number.
 *
 * @param count number of groups; batch numbers are 1 to `count`
 * @param place index of the batch number in each row
 */
export function grouped(rows: readonly Value[][], count: number, place: number): Value[][][] {
  const groups: Value[][][] = Array.from({ length: count }, () => [])
  for (const row of rows) groups[Number(row[place]) - 1]?.push(row)
  return groups
}
