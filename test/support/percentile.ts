/** As percentile_cont: between two values in proportion. */
export function percentile(sorted: readonly number[], part: number): number {
  const place = part * (sorted.length - 1)
  const [low = 0, high = low] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return low + (high - low) * (place - Math.floor(place))
}
