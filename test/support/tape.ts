/** Reproducible decisions: equal numbers yield equal decisions. */
import fc from 'fast-check'
import { random } from '../../src/tools/demo/random.ts'

export interface Tape {
  /** An integer from 0 to `count` - 1; 0 if `count` is 0. */
  below(count: number): number
  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T
  oneIn(count: number): boolean
  /** Format for the message of a failed property. */
  [fc.toStringMethod](): string
}

/** Unlimited. */
export function seededTape(seed: number): Tape {
  const source = random(seed)
  return tapeOf(
    (count) => source.below(count),
    () => `seededTape(${seed})`,
  )
}

/** A limited number of decisions; generated values become smaller towards its end. */
export function tapes(length: number): fc.Arbitrary<Tape> {
  return fc
    .array(fc.nat({ max: 0xff_ff_ff }), { minLength: length, maxLength: length, size: 'max' })
    .map((decisions) => {
      let at = 0
      return tapeOf(
        (count) => (decisions[at++] ?? 0) % count,
        () => JSON.stringify(decisions),
      )
    })
}

function tapeOf(decide: (count: number) => number, print: () => string): Tape {
  const below = (count: number) => (count < 1 ? 0 : decide(count))
  return {
    below,
    pick(choices) {
      const picked = choices[below(choices.length)]
      if (picked === undefined) throw new Error('There is nothing to pick from.')
      return picked
    },
    oneIn: (count) => below(count) === count - 1,
    [fc.toStringMethod]: print,
  }
}
