import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Deterministic random generator. */
export interface Random {
  /** Integer from 0 to max - 1. */
  below(max: number): number
  pick<T>(from: readonly [T, ...T[]] | readonly T[]): T
  /** True with probability 1/n. */
  oneIn(n: number): boolean
  hex(digits: number): string
}

/** Creates a generator. The same seeds give the same values on every machine. */
export function random(...seeds: readonly number[]): Random {
  const generator = xoroshiro128plus(
    seeds.reduce((mixed, seed) => Math.imul(mixed ^ seed, 0x9e3779b1) ^ (mixed >>> 15), 17),
  )
  const below = (max: number) => uniformInt(generator, 0, max - 1)
  return {
    below,
    pick(from) {
      const picked = from[below(from.length)]
      if (picked === undefined) throw new Error('Cannot pick from an empty list.')
      return picked
    },
    oneIn: (n) => below(n) === 0,
    hex(digits) {
      let text = ''
      while (text.length < digits) text += below(0x1000000).toString(16).padStart(6, '0')
      return text.slice(0, digits)
    },
  }
}
