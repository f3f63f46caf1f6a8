/** Decisions read from a list of numbers: whatever is made by them is the same for the same list, and small for a short one. */
import fc from 'fast-check'

export interface Tape {
  /** A whole number from 0 to one less than this. */
  below(count: number): number
  pick<T>(choices: readonly [T, ...T[]]): T
  oneIn(count: number): boolean
  [fc.toStringMethod](): string
}

function tapeOf(decisions: readonly number[]): Tape {
  let at = 0
  const below = (count: number) => {
    const decision = decisions[at++] ?? 0
    return count < 1 ? 0 : decision % count
  }
  return {
    below,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    oneIn: (count) => below(count) === count - 1,
    // As a failed property shows it.
    [fc.toStringMethod]: () => JSON.stringify(decisions),
  }
}

export function tapes(length: number): fc.Arbitrary<Tape> {
  return fc
    .array(fc.nat({ max: 0xff_ff_ff }), { minLength: length, maxLength: length, size: 'max' })
    .map((decisions) => tapeOf(decisions))
}
