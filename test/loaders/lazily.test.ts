import { describe, expect, it } from 'vitest'
import { lazily } from '../../src/loaders/lazily.ts'

interface Made {
  readonly single: { readonly of: string }
  readonly pair: readonly [unknown, unknown]
  readonly never: object
}

describe('the properties of an object that is made lazily', () => {
  const made: string[] = []
  const create = lazily<Made, string>({
    single(of) {
      made.push('single')
      return { of }
    },
    pair(_, object) {
      made.push('pair')
      return [object.single, object.single]
    },
    never() {
      throw new Error('Nothing reads it.')
    },
  })

  it('are made when they are first read, and once', () => {
    const first = create('first')
    expect(made).toEqual([])
    expect(first.pair).toEqual([{ of: 'first' }, { of: 'first' }])
    expect(first.pair[0]).toBe(first.single)
    expect(first.pair).toBe(first.pair)
    expect(made).toEqual(['pair', 'single'])
  })

  it('belong to one object', () => {
    const [one, other] = [create('one'), create('other')]
    expect(one.single).toEqual({ of: 'one' })
    expect(other.single).toEqual({ of: 'other' })
  })

  it('are also those of what inherits from it', () => {
    const base = create('base')
    const extended: Made = Object.create(base)
    expect(extended.single).toBe(base.single)
  })
})
