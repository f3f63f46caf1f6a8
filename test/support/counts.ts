/** Whether long tests run in full, with FULL=1, which `npm run test:full` sets. */
export const isFull = process.env['FULL'] === '1'

/** The variants of a long test: the first few in CI, or all. */
export function variants<T>(all: readonly T[], few: number): readonly T[] {
  return isFull ? all : all.slice(0, few)
}

/** How often a long test repeats itself: a few times in CI, or in full. */
export function times(full: number, few: number): number {
  return isFull ? full : few
}
