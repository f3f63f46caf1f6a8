import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parametersOf, parseJson, plainParameters, schema } from '../../../src/http/graphql/parameters.ts'

/** JSON texts that are parameters, or nearly: of the right and of wrong types, long, with names that objects have anyway. */
const text = fc.oneof(fc.string(), fc.constantFrom('', 'x'.repeat(256), 'x'.repeat(257)))
const name = fc.oneof(fc.string(), fc.constantFrom('constructor', '__proto__', 'prototype', 'toString', '0'))
const pairs = fc.array(fc.tuple(name, fc.jsonValue({ maxDepth: 2 })), { maxLength: 4 })
const objectText = pairs.map(
  (all) => `{${all.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`,
)
const value = fc.oneof(
  text.map((one) => JSON.stringify(one)),
  objectText,
  fc.jsonValue({ maxDepth: 1 }).map((one) => JSON.stringify(one)),
)
const names = ['query', 'operationName', 'variables', 'extensions', 'documentId', 'id', '__proto__', 'constructor']
const body = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...names), value), { selector: ([key]) => key })
  .map((all) => `{${all.map(([key, one]) => `"${key}":${one}`).join()}}`)

const known = ['query', 'operationName', 'variables', 'extensions', 'documentId'] as const
const readOf = (read: Readonly<Record<string, unknown>>) => known.map((key) => read[key])

describe('Plain parameters', () => {
  it('are what the schema makes of them, for all bodies', () => {
    fc.assert(
      fc.property(fc.oneof(body, value), (json) => {
        const plain = plainParameters(JSON.parse(json))
        if (plain === undefined) return
        const { success, data } = schema.safeParse(JSON.parse(json))
        expect(success).toBe(true)
        expect(readOf(plain)).toStrictEqual(readOf({ ...data }))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    '{"query":"{ a }"}',
    '{"query":"{ a }","variables":{"a":[1,{"b":null}]},"operationName":"A","extensions":{}}',
    '{"documentId":"a","variables":null,"operationName":null,"query":null,"extensions":null}',
    '{"query":"{ a }","operationName":"","another":5}',
    '{}',
  ])('are recognized without the schema: %s', (json) => {
    expect(plainParameters(JSON.parse(json))).toBeDefined()
  })

  it.each([
    ['{"query":5}', 'query must be a string'],
    ['{"query":"{ a }","operationName":[]}', 'operationName must be a string'],
    ['{"query":"{ a }","variables":[]}', 'variables must be an object'],
    ['{"query":"{ a }","extensions":"a"}', 'extensions must be an object'],
    [`{"documentId":"${'x'.repeat(257)}"}`, 'documentId is too long'],
    ['"a"', 'it must be an object'],
    ['null', 'it must be an object'],
  ])('are left to the schema, which says what is wrong with %s', (json, reason) => {
    expect(plainParameters(JSON.parse(json))).toBeUndefined()
    expect(() => parametersOf(JSON.parse(json), json.length)).toThrow(`This is not a GraphQL request: ${reason}.`)
  })

  it('have no variable __proto__', () => {
    const { variables } = parametersOf(JSON.parse('{"variables":{"a":1,"__proto__":{"b":2}}}'), 0)
    expect(Object.entries(variables ?? {})).toEqual([['a', 1]])
  })
})

it.each([
  [2, '[[1]]', true],
  [2, '[[[]]]', true],
  [2, '[[[1]]]', false],
  [2, '{"a":{"b":{}}}', true],
  [2, '{"a":{"b":{"c":1}}}', false],
  [0, '5', true],
  [0, '[]', true],
  [0, '[1]', false],
])('At most %i levels of JSON are accepted: %s', (levels, json, isAccepted) => {
  const parse = () => parseJson(json, 'It', levels)
  if (isAccepted) expect(parse()).toEqual(JSON.parse(json))
  else expect(parse).toThrow(`It has more than ${levels} levels of lists and objects.`)
})
