import { getOperationAST, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/config/limits.ts'
import type { Reads } from '../../src/documents/arguments.ts'
import { brief } from '../../src/documents/brief.ts'
import { cached } from '../../src/documents/cost-cache.ts'
import { createDocuments, RefusedDocument } from '../../src/documents/documents.ts'
import { schema } from '../../src/graph/schema.ts'

const open = () => createDocuments(schema, defaultLimits)

/** Creates a document of this length. */
const padded = (length: number, number = 0) => `{ viewer { name } } #${number}`.padEnd(length, 'x')

describe('An error message of graphql-js', () => {
  it('has no suggestions, and is truncated to 300 characters', () => {
    expect(brief('Cannot query field "a". Did you mean "b"?')).toBe('Cannot query field "a".')
    expect(brief('x'.repeat(300))).toBe('x'.repeat(300))
    expect(brief('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`)
  })
})

describe('Documents', () => {
  it('are parsed once and cached', () => {
    const documents = open()
    const text = '{ viewer { name } }'
    expect(documents.known(text)).toBeUndefined()
    const prepared = documents.prepare(text)
    expect(documents.known(text)).toBe(prepared)
    expect(documents.prepare(text)).toBe(prepared)
    expect(documents.prepare(`${text} `)).not.toBe(prepared)
  })

  it('are cached up to 500,000 characters in total, most recently used first', () => {
    const documents = open()
    const texts = Array.from({ length: 26 }, (_, number) => padded(20_000, number))
    for (const text of texts.slice(0, 25)) documents.prepare(text)
    expect(texts.filter((text) => documents.known(text) !== undefined)).toEqual(texts.slice(0, 25))
    documents.prepare(texts[25] ?? '')
    expect(texts.filter((text) => documents.known(text) !== undefined)).toEqual(texts.slice(1))
    const [first = '', ...others] = texts
    const full = open()
    for (const text of [first, ...others.slice(0, 23), padded(19_986)]) full.prepare(text)
    full.prepare('{ __typename }')
    expect(full.known(first)).toBeDefined()
    const beyond = open()
    for (const text of [first, ...others.slice(0, 23), padded(19_987), '{ __typename }']) beyond.prepare(text)
    expect(beyond.known(first)).toBeUndefined()
  })

  it('of more than 20,000 characters are not cached, and do not evict others', () => {
    const documents = open()
    documents.prepare(padded(20_000))
    documents.prepare(padded(20_001))
    expect(documents.known(padded(20_000))).toBeDefined()
    expect(documents.known(padded(20_001))).toBeUndefined()
  })

  it('are cached up to 2,000 documents, however short', () => {
    const documents = open()
    const texts = Array.from({ length: 2_001 }, (_, number) => `{ __typename } #${number}`)
    for (const text of texts) documents.prepare(text)
    expect(texts.filter((text) => documents.known(text) === undefined)).toEqual([texts[0]])
  })

  it('are not cached if they are rejected', () => {
    const documents = open()
    expect(() => documents.prepare('{ unknown }')).toThrow(RefusedDocument)
    expect(documents.known('{ unknown }')).toBeUndefined()
  })

  it('have a hash and operations even if they are rejected, unless they cannot be parsed', () => {
    const refusal = (text: string) => {
      try {
        open().prepare(text)
      } catch (error) {
        if (error instanceof RefusedDocument) return error
      }
      return expect.unreachable()
    }
    const named = [refusal('query A { unknown }'), refusal(`query A { ${'viewer { name } '.repeat(60)} }`)]
    expect(named.map((one) => one.named?.operation('A')?.name?.value)).toEqual(['A', 'A'])
    expect(named.map((one) => one.named?.hash)).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), expect.anything()])
    const unparsed = refusal('{ viewer { name }\n  !')
    expect(unparsed.named).toBeUndefined()
    expect(unparsed.errors.map(({ extensions, locations }) => [extensions, locations])).toEqual([
      [{ code: 'GRAPHQL_PARSE_FAILED' }, [{ line: 2, column: 3 }]],
    ])
    expect(unparsed.message).toMatch(/^Syntax Error: /)
  })

  it('are identified by the first digits of their SHA-256, and detect introspection', () => {
    const documents = open()
    expect(documents.prepare('{ viewer { name } }').hash).toBe('3f9a5fe58741fdcb')
    const introspects = (text: string) => documents.prepare(text).introspects
    expect(introspects('{ viewer { __typename } }')).toBe(false)
    expect(introspects('{ __schema { description } }')).toBe(true)
    expect(introspects('{ viewer { name } ...F } fragment F on Query { __type(name: "Call") { name } }')).toBe(true)
  })

  it('return the operation of a name, or without a name the only operation', () => {
    const one = open().prepare('query A { viewer { name } }')
    const two = open().prepare('query A { viewer { name } } query B { viewer { name } }')
    expect([undefined, null, 'A', 'B'].map((name) => one.operation(name)?.name?.value)).toEqual([
      'A',
      'A',
      'A',
      undefined,
    ])
    expect(one.operation('B')).toBeUndefined()
    expect([undefined, null, 'A', 'B'].map((name) => two.operation(name)?.name?.value)).toEqual([
      undefined,
      undefined,
      'A',
      'B',
    ])
  })

  it('report at most five errors, each with code, location and a short quotation', () => {
    const name = 'a'.repeat(400)
    try {
      open().prepare(`{ ${Array.from({ length: 9 }, (_, n) => `${name}${n}`).join('\n')} }`)
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof RefusedDocument)) throw error
      const { errors, message } = error
      expect(errors.slice(0, 5).map(({ extensions }) => extensions['code'])).toEqual(
        Array(5).fill('GRAPHQL_VALIDATION_FAILED'),
      )
      expect(errors).toHaveLength(6)
      expect(errors[1]?.locations).toEqual([{ line: 2, column: 1 }])
      expect(errors[0]?.message).toMatch(/^Cannot query field "a{280}…$/)
      expect(message.split('\n')[0]).toBe(errors[0]?.message)
    }
  })
})

describe('The costs of a document', () => {
  const names = Array.from({ length: 9 }, (_, number) => `Q${number}`)
  const document = parse(names.map((name) => `query ${name} { viewer { name } }`).join(' '))
  const operations = names.flatMap((name) => getOperationAST(document, name) ?? [])
  const [operation] = operations
  const counted = (variables: Reads['variables'] = new Map()) => {
    const priced: string[] = []
    const cost = cached(({ name }) => {
      priced.push(name?.value ?? '')
      return { cost: priced.length, reads: { variables, shorterThan: 1_024 } }
    })
    return { priced, cost }
  }

  it('are cached for the last eight operations', () => {
    const { priced, cost } = counted()
    for (const one of [...operations.slice(0, 8), ...operations.slice(0, 8)]) cost(one, {})
    expect(priced).toEqual(names.slice(0, 8))
    for (const index of [8, 1, 0]) {
      const one = operations[index]
      if (one !== undefined) cost(one, {})
    }
    expect(priced.slice(8)).toEqual(['Q8', 'Q0'])
  })

  it('are computed again for other variables that they depend on, long variables, and other denied fields', () => {
    if (operation === undefined) return expect.unreachable()
    const byVariable = counted(new Map([['n', (value) => value]]))
    const costFor = (n: unknown) => byVariable.cost(operation, { n, other: Math.random() })
    expect([1, 2, 1, [3], [3], '1', null].map(costFor)).toEqual([1, 2, 1, 3, 3, 4, 5])
    const remembered = 'x'.repeat(255)
    expect([remembered, remembered].map(costFor)).toEqual([6, 6])
    const tooLong = 'x'.repeat(256)
    expect([tooLong, tooLong].map(costFor)).toEqual([7, 8])
    const { cost } = counted()
    const long = { text: 'x'.repeat(1_020) }
    expect([cost(operation, long), cost(operation, long)]).toEqual([1, 2])
    const shorter = { text: 'x'.repeat(1_019) }
    expect([cost(operation, shorter), cost(operation, shorter), cost(operation, {})]).toEqual([3, 3, 3])
    const refused = new Set(['Token.token'])
    expect([cost(operation, {}, refused), cost(operation, {}, refused), cost(operation, {})]).toEqual([4, 4, 3])
  })
})
