/** Round numbers from 0 to the first one that is not below `most`, about `count` of them. */
export function ticks(most: number, count = 5): readonly number[] {
  if (most <= 0) return [0, 1]
  const rough = most / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? 10 * power)
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, place) => place * step)
}

/** Which of `count` labels fit, when each takes `labelWidth` of the width. The last one is always shown. */
export function isLabelled(place: number, count: number, width: number, labelWidth: number): boolean {
  const every = Math.max(1, Math.ceil((count * labelWidth) / Math.max(width, 1)))
  return (count - 1 - place) % every === 0
}
