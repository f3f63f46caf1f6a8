/** Documents of a few kilobytes whose expanded fragments have millions of fields. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/config/limits.ts'
import { createDocuments, RefusedDocument } from '../../src/documents/documents.ts'
import { schema } from '../../src/graph/schema.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { heapUsed } from '../support/heap.ts'
import { addDataSet } from '../support/rows.ts'

/** Ways in which a fragment spreads the next one. */
const carriers: Readonly<Record<string, (index: number, next: string) => string>> = {
  'an empty page': (_, next) => `calls(first: 0) { nodes { selector { ...${next} } } }`,
  'an empty page from the end': (_, next) => `messages(last: 0) { edges { node { selector { ...${next} } } } }`,
  'an alias of a page': (index, next) => `a${index}: calls(first: 0) { nodes { selector { ...${next} } } }`,
  'an inline fragment': (_, next) => `... { calls(first: 0) { nodes { selector { ...${next} } } } }`,
  'an inline fragment with a type': (_, next) =>
    `... on Selector { calls { nodes { selector { ... { ...${next} } } } } }`,
}

/** Creates `levels` fragments, each of which spreads the next one `spreads` times. */
function bomb(levels: number, spreads: number, carrier: (index: number, next: string) => string): string {
  const fragments = Array.from({ length: levels }, (_, level) => {
    const parts = Array.from({ length: spreads }, (_, index) => carrier(index, `F${level + 1}`))
    return `fragment F${level} on Selector { ${parts.join(' ')} }`
  })
  return `{ selectors(first: 1) { nodes { ...F0 } } } ${fragments.join(' ')} fragment F${levels} on Selector { id }`
}

const roomy = { ...defaultLimits, depth: 100, aliases: 1_000, repeats: 1_000, tokens: 10_000 }
const documents = createDocuments(schema, roomy)

function refusal(text: string): object | undefined {
  try {
    documents.prepare(text)
    return undefined
  } catch (error) {
    if (!(error instanceof RefusedDocument)) throw error
    return error.errors[0]?.extensions
  }
}

/** Counts the fields of a bomb: the page, its nodes, the fields of the fragments, and each innermost id. */
function fieldsOf(levels: number, spreads: number, fieldsOfCarrier: number): number {
  let fields = 1
  for (let level = 0; level < levels; level++) fields = spreads * (fieldsOfCarrier + fields)
  return 2 + fields
}

describe('Nested fragment spreads', () => {
  it.each(Object.entries(carriers))('below %s are counted without expansion and rejected', (name, carrier) => {
    const fieldsOfCarrier = name.includes('from the end') ? 4 : 3
    const before = heapUsed()
    for (let spreads = 4; spreads <= 12; spreads++) {
      for (let levels = 1; levels <= 8; levels++) {
        const found = fieldsOf(levels, spreads, fieldsOfCarrier)
        const expected =
          found <= roomy.fields ? undefined : { code: 'TOO_COSTLY', setting: 'LIMIT_FIELDS', limit: 1_000, found }
        expect([levels, spreads, refusal(bomb(levels, spreads, carrier))]).toEqual([levels, spreads, expected])
      }
    }
    expect(heapUsed() - before).toBeLessThan(20_000_000)
  })

  it('are rejected for any number of levels', () => {
    const levels = 400
    const names = Array.from({ length: levels }, (_, level) => level)
    const text = `{ viewer { selector { ...F0 } } } ${names.map((n) => `fragment F${n} on Selector { a${n}: calls { nodes { selector { ...F${n + 1} } } } ${Array.from({ length: 8 }, (_, m) => `b${n}x${m}: calls { nodes { selector { ...F${n + 1} } } }`).join(' ')} }`).join(' ')} fragment F${levels} on Selector { id }`
    const unlimited = createDocuments(schema, { ...roomy, tokens: 1_000_000, aliases: 1_000_000, depth: 1_000_000 })
    expect(() => unlimited.prepare(text)).toThrow(/Fields of the query with fragments expanded: too many to count/)
  })

  it('are rejected even in an operation that is not executed and in an unused fragment', () => {
    const { 'an empty page': carrier = String } = carriers
    expect(refusal(`query A { viewer { name } } query B ${bomb(4, 12, carrier)}`)).toMatchObject({
      setting: 'LIMIT_FIELDS',
    })
    const unused = bomb(4, 12, carrier).replace('...F0', 'id')
    expect(refusal(unused)).toMatchObject({ setting: 'LIMIT_FIELDS' })
  })

  it('are rejected before validation, which would compare their fields', () => {
    // Validation would report the unknown field.
    const { 'an empty page': carrier = String } = carriers
    expect(refusal(bomb(4, 12, carrier).replace('{ id }', '{ unknown }'))).toMatchObject({ setting: 'LIMIT_FIELDS' })
    expect(refusal(bomb(1, 12, carrier).replace('{ id }', '{ unknown }'))).toEqual({
      code: 'GRAPHQL_VALIDATION_FAILED',
    })
  })
})

describe('A gateway', () => {
  let own: TestDatabase
  let client: Client

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 2 })
    client = await openClient(openReader(own.url))
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await own[Symbol.asyncDispose]()
  })

  it('rejects them without a statement each time, and keeps none of them in memory', async () => {
    const { 'an empty page': carrier = String } = carriers
    client.statements()
    const ask = async () => {
      for (let spreads = 4; spreads <= 12; spreads++) {
        const { errors } = await client.answer(bomb(4, spreads, carrier))
        expect(errors?.[0]?.extensions).toMatchObject({ code: 'TOO_COSTLY' })
      }
    }
    await ask()
    const before = heapUsed()
    for (let time = 0; time < 5; time++) await ask()
    expect(heapUsed() - before).toBeLessThan(10_000_000)
    expect(client.statements()).toEqual([])
  })
})
