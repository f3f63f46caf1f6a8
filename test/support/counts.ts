/**
 * How often a long test repeats itself: a few times in CI, in full with FULL=1, which `npm run test:full` sets.
 */
export function times(full: number, few: number): number {
  return process.env['FULL'] === '1' ? full : few
}
