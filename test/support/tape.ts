/** Decisions that are the same for the same numbers, so that whatever is made by them can be made again. */
import fc from 'fast-check'
import { random } from '../../src/tools/demo/random.ts'

export interface Tape {
  /** A whole number from 0 to one less than this; 0 where that is none. */
  below(count: number): number
  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T
  oneIn(count: number): boolean
  /** As a failed property shows it. */
  [fc.toStringMethod](): string
}

/** Without end. */
export function seededTape(seed: number): Tape {
  const source = random(seed)
  return tapeOf(
    (count) => source.below(count),
    () => `seededTape(${seed})`,
  )
}

/** Of so many decisions: what is made by them becomes smaller with each of them. */
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
