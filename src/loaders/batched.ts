import DataLoader from 'dataloader'
import type { Value } from '../database/database.ts'

/** What is asked in one turn is answered together; what was asked before is answered by the answer of then. */
export function batched<Key, Answer>(
  keyOf: (asked: Key) => string,
  answer: (asked: readonly Key[]) => Promise<(Answer | Error)[]>,
): (asked: Key) => Promise<Answer> {
  // Most operations ask few kinds of questions.
  let loader: DataLoader<Key, Answer, string> | undefined
  return (asked) => {
    loader ??= new DataLoader(answer, { cacheKeyFn: keyOf })
    return loader.load(asked)
  }
}

/** Rows by the number, from 1 to `count`, that stands at a place of each. */
export function grouped(rows: readonly Value[][], count: number, place: number): Value[][][] {
  const groups: Value[][][] = Array.from({ length: count }, () => [])
  for (const row of rows) groups[Number(row[place]) - 1]?.push(row)
  return groups
}
