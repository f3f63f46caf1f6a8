import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { render } from '../../src/database/database.ts'
import { prepare } from '../../src/database/prepared.ts'
import { BadInput, checkText } from '../../src/loaders/bad-input.ts'
import { conditionOn, where } from '../../src/loaders/condition.ts'
import { createStatements } from '../../src/loaders/statements.ts'

const named = (name: string, value: unknown) => conditionOn(name, value, (placeholder) => sql`c = ${placeholder}`)

describe('A text', () => {
  it.each(['', 'plain', 'é\u{1F600}', '\u0001\uFFFD'])('%j can be stored in the database', (text) => {
    expect(() => checkText(text)).not.toThrow()
  })

  it.each([
    ['a\0b', /U\+0000/],
    ['a\uD800b', /an unpaired surrogate/],
    ['\uDC00\uD800', /an unpaired surrogate/],
  ])('%j is rejected', (text, sentence) => {
    expect(() => checkText(text)).toThrow(BadInput)
    expect(() => checkText(text)).toThrow(sentence)
    expect(() => named('name', text)).toThrow(sentence)
    expect(() => named('names', ['good', text])).toThrow(sentence)
  })

  it('that is rejected causes a BadInput error', () => {
    expect(new BadInput('why')).toMatchObject({ name: 'BadInput', message: 'why' })
  })
})

describe('A condition', () => {
  it('exists if its value is neither null nor undefined', () => {
    expect(named('name', null)).toEqual([])
    expect(named('name', undefined)).toEqual([])
    expect(named('name', '')).toMatchObject([{ shape: 'name', values: { name: '' } }])
    expect(named('name', false)).toMatchObject([{ values: { name: false } }])
    expect(named('name', ['a', null])).toMatchObject([{ values: { name: ['a', null] } }])
  })

  it('is joined to all others with AND; without conditions every row matches', () => {
    expect(render(where([])).text).toBe('true')
    expect(render(where([], sql`a`)).text).toBe('a')
    const both = prepare(where([...named('x', '1'), ...named('y', '2')], sql`a`))
    expect(both({ x: '1', y: '2' })).toMatchObject({ text: 'a AND c = $1 AND c = $2', values: ['1', '2'] })
  })
})

describe('Statements', () => {
  it('are composed once for each shape with the shapes of its conditions', () => {
    let composed = 0
    const statements = createStatements({ lane: 'calls' })
    const ask = (shape: string, key: string, name: string | null) =>
      statements(shape, named('name', name), { key }, () => {
        composed++
        return sql`SELECT ${sql.placeholder('key')} WHERE ${where(named('name', name))}`
      })
    expect(ask('one', '1', null)).toMatchObject({
      text: 'SELECT $1 WHERE true',
      values: ['1'],
      lookUp: { lane: 'calls' },
    })
    expect(ask('one', '2', null).values).toEqual(['2'])
    expect(composed).toBe(1)
    expect(ask('one', '2', 'a')).toMatchObject({ text: 'SELECT $1 WHERE c = $2', values: ['2', 'a'] })
    expect(ask('one', '3', 'b').values).toEqual(['3', 'b'])
    expect(composed).toBe(2)
    ask('other', '3', 'b')
    expect(composed).toBe(3)
  })
})
