import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DatabaseError } from '../../src/errors/database-error.ts'
import { BadInput } from '../../src/loaders/bad-input.ts'
import { batched, grouped, manyChecked } from '../../src/loaders/batched.ts'

const bad = (key: string) => new DatabaseError('input', '22P02', `${key} is not a number`)

/** Loads numbers; fails like a statement if a key is not a number. */
function openNumbers() {
  const statements: (readonly string[])[] = []
  const load = batched<string, number>(String, async (asked) => {
    statements.push(asked)
    const wrong = asked.find((key) => !/^\d+$/.test(key))
    if (wrong !== undefined) throw bad(wrong)
    return asked.map(Number)
  })
  return { statements, load }
}

describe('Batched loads', () => {
  it('use one statement for the different keys of one tick, and none for a cached key', async () => {
    const { statements, load } = openNumbers()
    expect(await Promise.all([load('1'), load('2'), load('1')])).toEqual([1, 2, 1])
    expect(await load('2')).toBe(2)
    expect(statements).toEqual([['1', '2']])
  })

  it('fail only for the invalid keys', async () => {
    const keys = fc.uniqueArray(fc.oneof(fc.nat().map(String), fc.stringMatching(/^[a-z]{1,3}$/)), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(keys, async (asked) => {
        const { load } = openNumbers()
        const found = await Promise.allSettled(asked.map(load))
        expect(found.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual(
          asked.map((key) => (/^\d+$/.test(key) ? Number(key) : `DatabaseError: ${key} is not a number`)),
        )
      }),
    )
  })

  it('find one invalid key by bisection', async () => {
    const { statements, load } = openNumbers()
    await Promise.allSettled(['0', '1', '2', '3', '4', '5', 'x', '7'].map(load))
    expect(statements.map((keys) => keys.join(''))).toEqual(['012345x7', '', '0123', '45x7', '45', 'x7', 'x', '7'])
  })

  it('run a single invalid key only once', async () => {
    const { statements, load } = openNumbers()
    await expect(load('x')).rejects.toThrow('x is not a number')
    expect(statements).toEqual([['x']])
  })

  it.each([
    ['a failure that is not about a value', new DatabaseError('unavailable', '57P01', 'gone')],
    ['another error', new Error('a bug')],
  ])('fail for all keys after one statement because of %s', async (_, error) => {
    let statements = 0
    const load = batched<string, never>(String, () => {
      statements++
      return Promise.reject(error)
    })
    const found = await Promise.allSettled([load('1'), load('2'), load('3')])
    expect(found.map((one) => one.status === 'rejected' && one.reason)).toEqual([error, error, error])
    expect(statements).toBe(1)
  })

  it('fail for all keys if the statement fails without a key', async () => {
    let statements = 0
    const load = batched<string, never>(String, () => {
      statements++
      return Promise.reject(bad('the filter'))
    })
    const found = await Promise.allSettled([load('1'), load('2'), load('3'), load('4')])
    expect(found.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected'])
    expect(statements).toBe(2)
  })

  it('fail for all keys if a half fails for another reason', async () => {
    const gone = new DatabaseError('unavailable', '57P01', 'gone')
    const load = batched<string, number>(String, async (asked) => {
      if (asked.length === 4) throw bad('4')
      if (asked[0] === '3') throw gone
      return asked.map(Number)
    })
    const found = await Promise.allSettled(['1', '2', '3', '4'].map(load))
    expect(found.map((one) => one.status === 'rejected' && one.reason)).toEqual([gone, gone, gone, gone])
  })
})

describe('Batched loads of many keys', () => {
  it('share the statement of the keys beside them, and use none for known keys', async () => {
    const { statements, load } = openNumbers()
    const beside = [load('1'), load.many(['2', '1', '3']), load('4')]
    expect(await Promise.all(beside)).toEqual([1, [2, 1, 3], 4])
    expect(await load.many(['4', '5', '4'])).toEqual([4, 5, 4])
    expect(await load.many([])).toEqual([])
    expect(statements).toEqual([['1', '2', '3', '4'], ['5']])
  })

  it('have the error of an invalid key in its place', async () => {
    const { load } = openNumbers()
    expect(await load.many(['1', 'x', '2'])).toEqual([1, bad('x'), 2])
  })

  it('have a failure of their statement in the place of each of its keys, and load them again', async () => {
    const gone = new DatabaseError('unavailable', '57P01', 'gone')
    let statements = 0
    const load = batched<string, number>(String, async (asked) => {
      statements++
      if (statements === 2) throw gone
      return asked.map(Number)
    })
    expect(await load('1')).toBe(1)
    expect(await load.many(['1', '2', '3'])).toEqual([1, gone, gone])
    expect(await load.many(['3', '2', '1'])).toEqual([3, 2, 1])
    expect(statements).toBe(3)
  })

  it('have the problem of a key that is not asked for in its place', async () => {
    const { statements, load } = openNumbers()
    const refused = new BadInput('not even')
    const check = (key: string) => {
      if (Number(key) % 2 === 1) throw refused
    }
    expect(await manyChecked(load, ['1', '2', '3', '4'], check)).toEqual([refused, 2, refused, 4])
    expect(statements).toEqual([['2', '4']])
  })
})

describe('Rows grouped by batch number', () => {
  it('keep their order, with an empty group for a number without rows', () => {
    const rows = [
      ['a', '3'],
      ['b', '1'],
      ['c', '3'],
    ]
    expect(grouped(rows, 4, 1)).toEqual([
      [['b', '1']],
      [],
      [
        ['a', '3'],
        ['c', '3'],
      ],
      [],
    ])
  })
})
