import { getIntrospectionQuery, introspectionFromSchema, parse, validate } from 'graphql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { printedDocument } from '../../../src/graph/printing/printed-document.ts'
import { Printed } from '../../../src/graph/printing/printed-lists.ts'
import { printSdl, schema } from '../../../src/graph/schema.ts'
import { openClient } from '../../support/client.ts'
import { backends } from '../../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../../support/rows.ts'

/** The lists of a document that are printed. */
function printedIn(query: string): string[] {
  const document = parse(query)
  expect(validate(schema, document)).toEqual([])
  return JSON.stringify(printedDocument(schema, document)).match(/(?<="printed )\w+/g) ?? []
}

describe('A list is printed', () => {
  it.each([
    ['of fields of the row', '{ calls { nodes { id time missedReason callId } } }', ['nodes']],
    ['with its type, and other names', '{ calls { nodes { __typename a: id b: time } } }', ['nodes']],
    ['with an address and the selector', '{ calls { nodes { caller { uri port } selector { id name } } } }', ['nodes']],
    ['as edges', '{ pushTests { edges { cursor node { latencyMs selectorName } } } }', ['edges']],
    [
      'with fragments on its type and its interfaces',
      '{ calls { nodes { ...A ... on Event { time } ... on Node { id } ... { callId } } } } fragment A on Call { caller { uri } }',
      ['nodes'],
    ],
    [
      'of an interface, by its types',
      '{ nodes(ids: []) { id ... on Token { appId } ... on Call { time } } }',
      ['nodes'],
    ],
    [
      'wherever it is in a document',
      '{ selectors { nodes { name tokens { nodes { id } } calls { nodes { id } pageInfo { endCursor } } } } }',
      ['nodes', 'nodes'],
    ],
    ['in a fragment', '{ calls { ...C } } fragment C on CallConnection { nodes { id } }', ['nodes']],
    [
      'where its selections are merged',
      '{ selector(name: "x") { calls { nodes { id } } ...S } } fragment S on Selector { calls { nodes { time } } }',
      ['nodes', 'nodes'],
    ],
  ])('%s', (_, query, lists) => {
    expect(printedIn(query)).toEqual(lists)
  })

  it.each([
    ['that a scope guards', '{ tokens { nodes { token } } }'],
    ['that is read when it is selected', '{ messages { nodes { body } } }'],
    ['that is a list itself', '{ calls { nodes { selector { calls { nodes { body: id @skip(if: false) } } } } } }'],
    ['with a directive', 'query ($a: Boolean!) { calls { nodes { id time @include(if: $a) } } }'],
    ['in a fragment with a directive', '{ calls { nodes { ... @skip(if: false) { id } } } }'],
    [
      'that is merged with a selection that is not printed',
      '{ selector(name: "x") { tokens { nodes { id } } ...S } } fragment S on Selector { tokens { nodes { token } } }',
    ],
  ])('but not with a field %s', (_, query) => {
    expect(printedIn(query)).toEqual([])
  })

  it('by a field that no client sees', () => {
    const introspection = JSON.stringify(introspectionFromSchema(schema))
    expect(introspection).not.toContain('printed ')
    expect(printSdl()).not.toContain('printed ')
    expect(printedIn(getIntrospectionQuery())).toEqual([])
  })

  it('as JSON that can be taken apart again', () => {
    expect(JSON.stringify({ nodes: new Printed(Buffer.from('[{"id":"1"}]')) })).toBe('{"nodes":[{"id":"1"}]}')
  })
})

describe.each(backends)('Printing on $name', ({ open }) => {
  /** A client, and a database with one selector. */
  const openOne = async () => {
    const opened = await open()
    onTestFinished(() => opened[Symbol.asyncDispose]())
    const client = await openClient(opened.database)
    onTestFinished(() => client[Symbol.asyncDispose]())
    await addSelector(opened, 1)
    return { opened, client }
  }

  it('gives an empty object for a type of which nothing is selected', async () => {
    const { client } = await openOne()
    const { selectors } = await client.ask('{ selectors { nodes { id } } }')
    const [{ id }] = selectors.nodes
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Call { id } } }'
    expect(await client.ask(query, { ids: [id, id] })).toEqual({ nodes: [{}, {}] })
  })

  it('reads nothing twice if an item is an error, which fails for itself', async () => {
    const { opened, client } = await openOne()
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: '2026-01-01', callid: 'a' })
    const data: unknown = await client.ask('{ selectors { nodes { id } } }')
    const [id] = /(?<="id":")[^"]+/.exec(JSON.stringify(data)) ?? []
    client.statements()
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Selector { name } } calls { nodes { callId } } }'
    const both = await client.answer(query, { ids: [id, 'malformed'] })
    expect(both.data).toEqual({ nodes: [{ id, name: selectorNamed(1) }, null], calls: { nodes: [{ callId: 'a' }] } })
    expect(both.errors).toMatchObject([{ path: ['nodes', 1], extensions: { code: 'BAD_USER_INPUT' } }])
    expect(client.statements()).toHaveLength(2)
  })
})
