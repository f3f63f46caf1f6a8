import { describe, expect, it } from 'vitest'
import { answerTooLarge, tooCostly } from '../../src/documents/too-costly.ts'

describe('A TOO_COSTLY error', () => {
  it('contains the actual number, the limit, its setting, and what to do', () => {
    const { message, extensions } = tooCostly('LIMIT_DEPTH', 'Levels of the query', 17, 16, 'Request less.')
    expect(message).toBe('Levels of the query: 17; the limit is 16 (LIMIT_DEPTH). Request less.')
    expect(extensions).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_DEPTH', limit: 16, found: 17 })
  })

  it('omits a number that is not exact', () => {
    const { message, extensions } = tooCostly('LIMIT_FIELDS', 'Fields', 2 ** 60, 16, 'Request less.')
    expect(message).toBe('Fields: too many to count; the limit is 16 (LIMIT_FIELDS). Request less.')
    expect(extensions).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_FIELDS', limit: 16 })
  })

  it('for a response names LIMIT_RESPONSE_BYTES', () => {
    const { message, extensions } = answerTooLarge({ what: 'Bytes', found: 11, limit: 10 })
    expect(message).toMatch(/^Bytes: 11; the limit is 10 \(LIMIT_RESPONSE_BYTES\)\. Request smaller pages/)
    expect(extensions).toEqual({ code: 'TOO_COSTLY', setting: 'LIMIT_RESPONSE_BYTES', limit: 10, found: 11 })
  })
})
