import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeNodeId, encodeNodeId, nodeTypes } from '../../src/graph/node-id.ts'
import { times } from '../support/counts.ts'

/** Decodes, encodes and compares: what the fast check has to be equal to. */
function decodedSlowly(nodeId: string): { typename: string; id: string } | undefined {
  if (nodeId.length > 2_000) return undefined
  const [name = '', ...rest] = Buffer.from(nodeId, 'base64url').toString().split(':')
  const typename = nodeTypes.find((type) => type === name)
  const id = rest.join(':')
  if (typename === undefined || id.includes('\0')) return undefined
  return encodeNodeId(typename, id) === nodeId ? { typename, id } : undefined
}

function decoded(nodeId: string): { typename: string; id: string } | undefined {
  try {
    return decodeNodeId(nodeId)
  } catch {
    return undefined
  }
}

const type = fc.constantFrom(...nodeTypes)
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ maxLength: 60 }),
  fc.constantFrom('', ':', '\0', '\ufeff', '\ufffd', '\ud800', 'a:b:', '😀', 'x'.repeat(1_600)),
)
/** Ids of any bytes behind a type, UTF-8 or not. */
const ofBytes = fc
  .tuple(type, fc.uint8Array({ maxLength: 30 }))
  .map(([name, bytes]) => Buffer.concat([Buffer.from(`${name}:`), bytes]).toString('base64url'))
const nodeId = fc.oneof(
  fc.tuple(type, key).map(([name, id]) => encodeNodeId(name, id)),
  ofBytes,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.stringMatching(/^[\w=+/-]{0,40}$/),
)
const character = fc.oneof(
  fc.stringMatching(/^[\w-]$/),
  fc.constantFrom('=', '+', '/', ' ', '\n', 'é', '\u0141', '\ud800'),
)

/** The id with characters replaced, inserted, removed, or added to the end. */
const mutated = fc
  .tuple(nodeId, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 3 }), character), { minLength: 1, maxLength: 3 }))
  .map(([id, changes]) =>
    changes.reduce((text, [where, how, by]) => {
      const at = how === 3 ? Math.max(0, text.length - 1) : where % (text.length + 1)
      return text.slice(0, at) + (how === 2 ? '' : by) + text.slice(how === 1 ? at : at + 1)
    }, id),
  )

describe('An id of an object', () => {
  it('is decoded to what it was encoded from', () => {
    fc.assert(
      fc.property(type, key, (typename, id) => {
        const valid = id.isWellFormed() && !id.includes('\0') && encodeNodeId(typename, id).length <= 2_000
        expect(decoded(encodeNodeId(typename, id))).toEqual(
          valid ? { typename, id } : decodedSlowly(encodeNodeId(typename, id)),
        )
      }),
      { numRuns: times(20_000, 2_000) },
    )
  })

  it('is accepted if and only if it is what is encoded again from its decoded text', () => {
    fc.assert(
      fc.property(fc.oneof(nodeId, mutated), (given) => {
        expect(decoded(given)).toEqual(decodedSlowly(given))
      }),
      { numRuns: times(200_000, 10_000) },
    )
  })

  it('has one spelling: each other last character is refused', () => {
    for (const id of ['', 'a', 'ab', 'abc', 'é']) {
      const canonical = encodeNodeId('Call', id)
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        const other = canonical.slice(0, -1) + last
        expect(decoded(other)).toEqual(decodedSlowly(other))
      }
    }
  })
})
