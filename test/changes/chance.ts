/** What the test does is drawn; how its processes interleave cannot be repeated anyway. */
export function below(count: number): number {
  return Math.floor(Math.random() * count)
}

export function chance(percent: number): boolean {
  return Math.random() * 100 < percent
}

export function oneOf<T>(choices: readonly [T, ...T[]]): T {
  return choices[below(choices.length)] ?? choices[0]
}
