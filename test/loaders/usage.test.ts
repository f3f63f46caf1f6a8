import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createUsage, Excess } from '../../src/loaders/usage.ts'

describe('A string of the answer', () => {
  const jsonOf = (text: string) => {
    const usage = createUsage(1_000_000)
    const json = usage.answer(text)
    // What is left for the next string shows what was counted.
    const left = 1_000_000 - Buffer.byteLength(JSON.stringify(text))
    expect(thrown(() => usage.answer('x'.repeat(left - 1)))).toMatchObject({ found: 1_000_001 })
    return json
  }

  it('becomes JSON as by JSON.stringify, and counts with its bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        expect(jsonOf(text)).toBe(JSON.stringify(text))
      }),
    )
    for (let code = 0; code < 0x3000; code++) {
      const text = `a${String.fromCharCode(code)}b`
      expect(createUsage(100).answer(text)).toBe(JSON.stringify(text))
    }
  })
})

const thrown = (work: () => void): unknown => {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

describe('The usage of an operation', () => {
  it('may read up to the limit of bytes', () => {
    const usage = createUsage(10)
    usage.read(4)
    usage.read(6)
    expect(usage.excess).toBeUndefined()
    expect(thrown(() => usage.read(1))).toMatchObject({
      name: 'Excess',
      what: 'Bytes read for the answer',
      found: 11,
      limit: 10,
      path: [],
      message: 'Bytes read for the answer: 11; the limit is 10',
    })
  })

  it('may return up to the limit of JSON bytes', () => {
    const usage = createUsage(10)
    usage.answer('ab')
    usage.answer('é\n')
    expect(usage.excess).toBeUndefined()
    expect(thrown(() => usage.answer(''))).toMatchObject({ what: 'Bytes of the answer', found: 12, limit: 10 })
  })

  it('counts an oversized string by its length only', () => {
    expect(thrown(() => createUsage(10).answer('\n'.repeat(11)))).toMatchObject({ found: 11 })
    expect(thrown(() => createUsage(10).answer('\n'.repeat(10)))).toMatchObject({ found: 22 })
    const usage = createUsage(10)
    usage.answer('abc')
    expect(thrown(() => usage.answer('\n'.repeat(6)))).toMatchObject({ found: 11 })
  })

  it('counts bytes read and bytes returned separately', () => {
    const usage = createUsage(10)
    usage.read(10)
    usage.answer('12345678')
    expect(usage.excess).toBeUndefined()
  })

  it('keeps failing with the first excess, for reading and returning', () => {
    const usage = createUsage(10)
    const first = thrown(() => usage.read(11))
    expect(first).toBeInstanceOf(Excess)
    expect(usage.excess).toBe(first)
    expect(thrown(() => usage.read(0))).toBe(first)
    expect(thrown(() => usage.answer(''))).toBe(first)
    expect(thrown(() => usage.answer('longer than the limit'))).toBe(first)
  })

  it('rejects reads after the response exceeds the limit', () => {
    const usage = createUsage(10)
    const first = thrown(() => usage.answer('longer than the limit'))
    expect(thrown(() => usage.read(0))).toBe(first)
  })

  it('calls each callback once when a limit is exceeded', () => {
    const usage = createUsage(10)
    const called: string[] = []
    usage.onExcess(() => called.push('first'))
    usage.onExcess(() => called.push('second'))
    usage.read(10)
    expect(called).toEqual([])
    thrown(() => usage.read(1))
    thrown(() => usage.read(1))
    expect(called).toEqual(['first', 'second'])
  })

  it('starts without rows and selectors', () => {
    const usage = createUsage(10)
    expect(usage.rows).toBe(0)
    expect([...usage.selectors]).toEqual([])
  })
})

describe('A string that is counted by its bytes', () => {
  it('counts as the same string that is given as a text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((one) => JSON.stringify(one) === `"${one}"`)
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), fc.nat(60), (texts, limit) => {
        const outcome = (count: (usage: ReturnType<typeof createUsage>, one: string) => void) => {
          const usage = createUsage(limit)
          const countAll = () => {
            for (const one of texts) count(usage, one)
          }
          return thrown(countAll) ?? 'none'
        }
        const byBytes = outcome((usage, one) =>
          usage.answerBytes({ unitsOf: () => one.length }, 0, Buffer.byteLength(one)),
        )
        const byText = outcome((usage, one) => usage.answer(one))
        expect(JSON.stringify(byBytes)).toBe(JSON.stringify(byText))
      }),
    )
  })
})
