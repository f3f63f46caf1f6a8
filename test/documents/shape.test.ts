import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/config/limits.ts'
import type { Limits } from '../../src/config/limits-interface.ts'
import { createDocuments, RefusedDocument } from '../../src/documents/documents.ts'
import { schema } from '../../src/graph/schema.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

/** Returns the error for a rejected document; undefined if it is accepted. */
function refusal(text: string, limits: Partial<Limits> = {}): object | undefined {
  return mistake(text, limits)?.extensions
}

function mistake(text: string, limits: Partial<Limits> = {}) {
  try {
    createDocuments(schema, { ...defaultLimits, ...limits }).prepare(text)
    return undefined
  } catch (error) {
    if (!(error instanceof RefusedDocument)) throw error
    return error.errors[0]
  }
}

const repeated = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

/** Creates documents that reach a limit exactly. */
const measures: Readonly<
  Record<string, { limit: keyof Limits; said: string; counted: boolean; of: (size: number) => string }>
> = {
  LIMIT_TOKENS: {
    limit: 'tokens',
    said: 'Tokens in the document: too many to count; the limit is 8 (LIMIT_TOKENS). Ask in several requests.',
    counted: false,
    of: (n) => `{ viewer { ${repeated(n - 5, () => 'name')} } }`,
  },
  LIMIT_ALIASES: {
    limit: 'aliases',
    said: 'Aliases in the document: 9; the limit is 8 (LIMIT_ALIASES). Ask in several requests.',
    counted: true,
    of: (n) => `{ ${repeated(n, (i) => `a${i}: __typename`)} }`,
  },
  LIMIT_DIRECTIVES: {
    limit: 'directives',
    said: 'Directives in the document: 9; the limit is 8 (LIMIT_DIRECTIVES). Leave some out.',
    counted: true,
    of: (n) => `{ ${repeated(n, () => '...@skip(if: true) { viewer { name } }')} }`,
  },
  LIMIT_REPEATS: {
    limit: 'repeats',
    said: 'Selections of one field in one object: 9; the limit is 8 (LIMIT_REPEATS). Select it once.',
    counted: true,
    of: (n) => `{ viewer { ${repeated(n, () => 'name')} } }`,
  },
  LIMIT_DEPTH: {
    limit: 'depth',
    said: 'Levels of the query: 9; the limit is 8 (LIMIT_DEPTH). Request the inner objects by id.',
    counted: true,
    of: deep,
  },
  LIMIT_FIELDS: {
    limit: 'fields',
    said: 'Fields of the query with fragments expanded: 9; the limit is 8 (LIMIT_FIELDS). Ask in several requests.',
    counted: true,
    of: (n) => `{ viewer { ${repeated(n - 1, () => 'name')} } }`,
  },
}

/** The last level is a field that every type has. */
function deep(levels: number): string {
  const path = ['viewer', ...Array.from({ length: levels }, () => ['selector', 'calls', 'nodes']).flat()]
  return `{ ${path.slice(0, levels - 1).join(' { ')} { __typename ${'}'.repeat(levels)}`
}

describe('A document', () => {
  it.each(Object.entries(measures))('is accepted up to %s, and not beyond', (setting, { limit, counted, of }) => {
    for (const size of [8, 12]) {
      const limits = { ...defaultLimits, repeats: 1_000, [limit]: size }
      expect(refusal(of(size), limits)).toBeUndefined()
      expect(refusal(of(size + 1), limits)).toEqual({
        code: 'TOO_COSTLY',
        setting,
        limit: size,
        ...(counted ? { found: size + 1 } : {}),
      })
    }
  })

  it.each(Object.entries(measures))(
    'that exceeds %s gets an error with the actual number and what to do',
    (_, measured) => {
      const { limit, said, of } = measured
      expect(mistake(of(9), { repeats: 1_000, [limit]: 8 })?.message).toBe(said)
    },
  )

  it('is measured including its fragments', () => {
    const nested = (count: number, part: string) =>
      `{ ...F0 } ${repeated(count, (i) => `fragment F${i} on Query { ...F${i + 1} ${part} }`)} fragment F${count} on Query { ${part} }`
    expect(refusal(nested(9, 'viewer { name }'), { repeats: 10 })).toBeUndefined()
    expect(refusal(nested(9, 'viewer { name }'), { repeats: 9 })).toMatchObject({ setting: 'LIMIT_REPEATS', found: 10 })
    expect(refusal(nested(9, 'a: viewer { name }'), { aliases: 9 })).toMatchObject({ setting: 'LIMIT_ALIASES' })
    expect(refusal(nested(9, '... @skip(if: true) { viewer { name } }'), { directives: 9 })).toMatchObject({
      setting: 'LIMIT_DIRECTIVES',
      found: 10,
    })
    const doubling = `{ ...F0 } ${repeated(30, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)}
      fragment F30 on Query { viewer { name } }`
    expect(refusal(doubling)).toMatchObject({ setting: 'LIMIT_REPEATS', found: 2 ** 30 })
    const deep = `{ viewer { ...F0 } } fragment F0 on Viewer { selector { ...F1 } }
      fragment F1 on Selector { calls { ...F2 } } fragment F2 on CallConnection { nodes { id } }`
    expect(refusal(deep, { depth: 5 })).toBeUndefined()
    expect(refusal(deep, { depth: 4 })).toMatchObject({ setting: 'LIMIT_DEPTH', found: 5 })
    const unused = '{ viewer { name } } fragment F on Viewer { selector { calls { nodes { id } } } }'
    expect(refusal(unused, { depth: 3 })).toMatchObject({ setting: 'LIMIT_DEPTH' })
  })

  it('is rejected as invalid if its fragments are cyclic or unknown', () => {
    for (const text of [
      '{ ...A } fragment A on Query { ...A }',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      '{ ...None }',
      '{ viewer { ...A } } fragment A on Viewer { selector { calls { nodes { selector { ...B } } } } } fragment B on Selector { ...B }',
    ]) {
      expect(refusal(text)).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' })
    }
  })

  it('that repeats fields in too many combinations is rejected, even if no single object repeats one too often', () => {
    const text = `{ ${repeated(45, () => `viewer { ${repeated(16, () => 'name')} }`)} }`
    expect(refusal(text)).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_REPEATS' })
    expect(mistake(text)?.message).toMatch(/selected too often to compare them all\. Select each of them once\.$/)
  })

  it.each([
    ['fields', `${'{ a '.repeat(20_000)}${'}'.repeat(20_000)}`],
    ['inline fragments', `${'{ ... '.repeat(20_000)}{ a ${'}'.repeat(20_001)}`],
    ['lists', `{ nodes(ids: ${'['.repeat(40_000)}1${']'.repeat(40_000)}) { id } }`],
    ['types', `query ($a: ${'['.repeat(40_000)}Int${']'.repeat(40_000)}) { viewer { name } }`],
  ])('of deeply nested %s is rejected for any token limit', (_, text) => {
    expect(refusal(text, { tokens: 100_000 })).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_DEPTH', limit: 16 })
  })

  it('gets errors with locations, unless it has more than 1,000 lines', () => {
    const locations = (text: string) => mistake(text)?.locations
    expect(locations('{\n  unknown\n}')).toEqual([{ line: 2, column: 3 }])
    expect(locations(`${'\n'.repeat(999)}{ unknown }`)).toEqual([{ line: 1_000, column: 3 }])
    expect(locations(`${'\n'.repeat(1_000)}{ unknown }`)).toBeUndefined()
    expect(mistake(`${'\n'.repeat(1_000)}{ unknown }`)?.message).toMatch(/^Cannot query field "unknown"/)
  })

  it('gets no suggestions', () => {
    for (const text of [
      '{ viewe { name } }',
      '{ calls(frist: 1) { totalCount } }',
      '{ calls(orderBy: NEWEST_FIRS) { totalCount } }',
      '{ calls(orderBy: "NEWEST_FIRST") { totalCount } }',
      '{ calls(filter: { sinc: 1 }) { totalCount } }',
      '{ ... on Quer { viewer { name } } }',
      '{ viewer @skp(if: true) { name } }',
    ]) {
      try {
        createDocuments(schema, defaultLimits).prepare(text)
        expect.unreachable()
      } catch (error) {
        expect(String(error)).not.toMatch(/did you mean/i)
      }
    }
  })
})

describe('A request', () => {
  let own: TestDatabase
  let client: Client

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 20 })
    client = await openClient(openReader(own.url), { limits: { bodyBytes: 1_000, responseBytes: 10_000 } })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await own[Symbol.asyncDispose]()
  })

  const bodyOf = (bytes: number) => {
    const query = '{ viewer { name } }'
    return JSON.stringify({ query: `${query}${' '.repeat(bytes - JSON.stringify({ query }).length)}` })
  }

  /** Sent in two chunks, with or without Content-Length. */
  const send = (body: string, headers: Record<string, string | number>) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const sent = request(
        `${client.url}/graphql`,
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part
          })
          response.once('end', () => resolve({ status: response.statusCode, text }))
        },
      )
      sent.once('error', reject)
      sent.write(body.slice(0, 500))
      sent.end(body.slice(500))
    })

  it.each([true, false])('may have a body of up to LIMIT_BODY_BYTES (with Content-Length: %s)', async (withLength) => {
    const headers = (body: string) =>
      withLength ? { 'content-length': body.length } : { 'transfer-encoding': 'chunked' }
    const exact = bodyOf(1_000)
    const more = bodyOf(1_001)
    expect([exact.length, more.length]).toEqual([1_000, 1_001])
    expect((await send(exact, headers(exact))).status).toBe(200)
    const refused = await send(more, headers(more))
    expect(refused.status).toBe(413)
    expect(JSON.parse(refused.text).errors[0].extensions).toEqual({
      code: 'TOO_COSTLY',
      setting: 'LIMIT_BODY_BYTES',
      limit: 1_000,
    })
  })

  it('fails if it reads more than LIMIT_RESPONSE_BYTES', async () => {
    expect((await client.answer('{ calls(first: 5) { nodes { id } } }')).errors).toBeUndefined()
    const { errors } = await client.answer('{ calls(first: 100) { nodes { id } } }')
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'TOO_COSTLY', setting: 'LIMIT_RESPONSE_BYTES' })
  })

  it('is answered with up to LIMIT_RESPONSE_BYTES of UTF-8', async () => {
    const query = '{ selectors { nodes { selector a: selector b: selector c: selector d: selector } } }'
    await own.sql(`UPDATE selectors SET selector = 'ሰ' || id`)
    const bytes = Buffer.byteLength(JSON.stringify({ data: await client.ask(query) }))
    for (const [responseBytes, found] of [
      [bytes, undefined],
      [bytes - 1, bytes],
    ] as const) {
      await using limited = await openClient(openReader(own.url), { limits: { responseBytes } })
      const { errors } = await limited.answer(query)
      expect(errors?.[0]?.extensions).toEqual(
        found && { code: 'TOO_COSTLY', setting: 'LIMIT_RESPONSE_BYTES', limit: responseBytes, found },
      )
    }
  })
})
