import DataLoader from 'dataloader'
import type { Value } from '../database/database.ts'
import { DatabaseError } from '../database/database-error.ts'

type Answers<Key, Answer> = (asked: readonly Key[]) => Promise<(Answer | Error)[]>

/**
 * Batches and caches loads for an operation: keys that are asked for in one turn of the event loop share a statement, repeated
 * keys share a result. A key that the database cannot read fails alone.
 *
 * @param answer gives one answer for each key, in their order; for no keys it runs the statement all the same
 */
export function batched<Key, Answer>(
  keyOf: (asked: Key) => string,
  answer: Answers<Key, Answer>,
): (asked: Key) => Promise<Answer> {
  // Most operations ask few kinds of questions.
  let loader: DataLoader<Key, Answer, string> | undefined
  return (asked) => {
    loader ??= new DataLoader((keys) => answered(answer, keys), { cacheKeyFn: keyOf })
    return loader.load(asked)
  }
}

async function answered<Key, Answer>(answer: Answers<Key, Answer>, asked: readonly Key[]): Promise<(Answer | Error)[]> {
  try {
    return await answer(asked)
  } catch (error) {
    if (asked.length === 1 || !isBadValue(error)) throw error
    // What fails without a key, such as a filter, fails for all keys.
    await answer([])
    return inHalves(answer, asked)
  }
}

/** Finds the bad keys: one among n costs about 2 log n statements, where one statement for each key would cost n. */
async function inHalves<Key, Answer>(answer: Answers<Key, Answer>, asked: readonly Key[]): Promise<(Answer | Error)[]> {
  const middle = asked.length >> 1
  const halves = [asked.slice(0, middle), asked.slice(middle)].map(async (half) => {
    try {
      return await answer(half)
    } catch (error) {
      if (!isBadValue(error)) throw error
      return half.length === 1 ? [error] : inHalves(answer, half)
    }
  })
  return (await Promise.all(halves)).flat()
}

function isBadValue(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.failure === 'input'
}

/** Rows by the number, from 1 to `count`, that stands at a place of each. */
export function grouped(rows: readonly Value[][], count: number, place: number): Value[][][] {
  const groups: Value[][][] = Array.from({ length: count }, () => [])
  for (const row of rows) groups[Number(row[place]) - 1]?.push(row)
  return groups
}
