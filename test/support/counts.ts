/** Whether long tests run in full, with FULL=1, which `npm run test:full` sets. */
export const isFull = process.env['FULL'] === '1'

/** How often a long test repeats itself: a few times in CI, or in full. */
export function times(full: number, few: number): number {
  return isFull ? full : few
}
