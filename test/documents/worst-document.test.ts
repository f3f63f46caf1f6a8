import fc from 'fast-check'
import { Kind } from 'graphql'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/config/limits.ts'
import { createDocuments, RefusedDocument } from '../../src/documents/documents.ts'
import { schema } from '../../src/graph/schema.ts'
import { isFull, times } from '../support/counts.ts'
import { heapUsed } from '../support/heap.ts'
import { bred, suspects } from '../support/heavy-documents.ts'
import type { Tape } from '../support/tape.ts'
import { tapes } from '../support/tape.ts'

/** Milliseconds that a document within the limits may block the process; documented in docs/security.md. */
const promisedMs = 250
const kept = 20

interface Candidate {
  readonly text: string
  readonly ms: number
}

/** Measures how long the document blocks the process, until it is rejected or its cost is known. */
function once(text: string): number {
  // Without cached documents.
  const documents = createDocuments(schema, defaultLimits)
  const started = performance.now()
  try {
    const { document, cost } = documents.prepare(text)
    for (const definition of document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) cost(definition, {})
    }
  } catch (error) {
    if (!(error instanceof RefusedDocument)) throw error
    JSON.stringify({ errors: error.errors })
  }
  return performance.now() - started
}

/** Returns the best of three measurements, because other processes take time as well. */
function measured(text: string): Candidate {
  return { text, ms: Math.min(once(text), once(text), once(text)) }
}

describe('The slowest document to check', () => {
  it(
    'takes less than 250 ms, among hand-made documents and mutations of the slowest ones',
    () => {
      for (const text of suspects) once(text)
      let worst = suspects.map(measured)
      const search = (tape: Tape) => {
        const { text } = worst[tape.below(worst.length)] ?? { text: '' }
        const { text: other } = worst[tape.below(worst.length)] ?? { text: '' }
        const child = bred(text, other, tape)
        if (Buffer.byteLength(child) > defaultLimits.bodyBytes || once(child) <= (worst.at(-1)?.ms ?? 0)) return
        worst = [...worst.filter((one) => one.text !== child), measured(child)]
          .sort((a, b) => b.ms - a.ms)
          .slice(0, kept)
      }
      worst = worst.sort((a, b) => b.ms - a.ms).slice(0, kept)
      fc.assert(fc.property(tapes(40), search), { numRuns: times(10_000, 40) })
      const [first] = worst
      if (isFull) process.stderr.write(`The worst document: ${first?.ms} ms\n${first?.text}\n`)
      expect(first?.ms, first?.text).toBeLessThan(promisedMs)
    },
    times(1_800_000, 60_000),
  )
})

describe('Cached documents', () => {
  it('take less than 100 MB for any number of documents', () => {
    const documents = createDocuments(schema, defaultLimits)
    const before = heapUsed()
    const lists = ['selectors', 'calls', 'messages', 'pushTests']
    for (let number = 0; number < 500; number++) {
      const fields = Array.from({ length: 45 }, (_, at) => `${lists[at % 4]}{nodes{${' id'.repeat(9)}}edges{cursor}}`)
      documents.prepare(`query Q${number}{${fields.join('')}}`)
    }
    expect(heapUsed() - before).toBeLessThan(100_000_000)
    documents.prepare('{ viewer { name } }')
  })

  it('take less than 30 MB if they are as short as possible', () => {
    const documents = createDocuments(schema, defaultLimits)
    const before = heapUsed()
    const number = times(50_000, 5_000)
    for (let one = 0; one < number; one++) documents.prepare(`{a${one}:__typename}`)
    expect(heapUsed() - before).toBeLessThan(30_000_000)
    expect(documents.known('{a0:__typename}')).toBeUndefined()
    expect(documents.known(`{a${number - 1}:__typename}`)).toBeDefined()
  })

  it('have a few cached costs each, for any number of operations and scope sets', () => {
    const documents = createDocuments(schema, defaultLimits)
    const operations = Array.from({ length: 160 }, (_, index) => `query Q${index}{__typename}`).join('')
    const prepared = Array.from({ length: times(40, 10) }, (_, index) => documents.prepare(`${operations}#${index}`))
    const refused = Array.from({ length: 32 }, () => new Set<string>())
    const before = heapUsed()
    for (const { document, cost } of prepared) {
      for (const definition of document.definitions) {
        if (definition.kind !== Kind.OPERATION_DEFINITION) continue
        for (const one of refused) cost(definition, {}, one)
      }
    }
    expect(heapUsed() - before).toBeLessThan(times(3_000_000, 1_000_000))
  }, 60_000)
})
