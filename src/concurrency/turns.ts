/** Runs a task when it is its turn: at once, unless too many run. */
export type Turns = <T>(task: () => Promise<T>) => Promise<T>

/** Runs at most `most` tasks at once, in the order in which they come. */
export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  const end = () => {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
  return async (task) => {
    // The place of a task that has ended goes to the next one.
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await task()
    } finally {
      end()
    }
  }
}
