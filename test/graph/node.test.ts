import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

const everything = `{
  selectors(first: 3) { nodes { id __typename name lastSeen
    tokens { nodes { id __typename token appId owner: selector { id } } }
    calls(first: 3) { nodes { id __typename callId time owner: selector { id } } }
    messages { nodes { id __typename messageId time owner: selector { id } } }
    pushTests { nodes { id __typename pushId started target: selector { id } } } } } }`

const again = `query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename
  ... on Selector { name lastSeen }
  ... on Token { token appId owner: selector { id } }
  ... on Call { callId time owner: selector { id } }
  ... on Message { messageId time owner: selector { id } }
  ... on PushTest { pushId started target: selector { id } } } }`

interface Node {
  readonly id: string
}

function flatten(data: { selectors: { nodes: (Node & Record<string, { nodes: Node[] }>)[] } }): Node[] {
  return data.selectors.nodes.flatMap(({ tokens, calls, messages, pushTests, ...selector }) => [
    selector as unknown as Node,
    ...[tokens, calls, messages, pushTests].flatMap((list) => list?.nodes ?? []),
  ])
}

describe.each(backends)('An id on $name', ({ open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 12, calls: 5 })
    client = await openClient(opened.database)
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  it('returns its object', async () => {
    const nodes = flatten(await client.ask(everything))
    expect(nodes.length).toBeGreaterThan(30)
    const found = await client.ask(again, { ids: nodes.map(({ id }) => id) })
    expect(found.nodes).toEqual(nodes)
    const { node } = await client.ask('query ($id: ID!) { node(id: $id) { id } }', { id: nodes[5]?.id })
    expect(node).toEqual({ id: nodes[5]?.id })
  })

  it('returns null if the object is deleted, or does not belong to the selector of the id', async () => {
    const ids = [
      'Selector:nobody',
      'Call:1:nobody',
      'Call:99999999:x',
      'Token:-5:x',
      'PushTest:["nobody","p"]',
      'PushTest:["orphan","1","p"]',
    ]
    const found = await client.ask(again, { ids: ids.map((id) => Buffer.from(id).toString('base64url')) })
    expect(found.nodes).toEqual(ids.map(() => null))
    const { selectors } = await client.ask('{ selectors(first: 2) { nodes { name calls { nodes { id } } } } }')
    const [first, second] = selectors.nodes
    const id = Buffer.from(first.calls.nodes[0].id, 'base64url').toString()
    const foreign = Buffer.from(id.replace(first.name, second.name)).toString('base64url')
    expect((await client.ask(again, { ids: [foreign] })).nodes).toEqual([null])
  })

  it.each([
    'x',
    '',
    'Call',
    'Call:1',
    'Call:one:a',
    'Call:abc:x',
    'Call:99999999999999999999:x',
    'Call:9223372036854775808:x',
    'Unknown:1:x',
    'PushTest:{}',
    'PushTest:["a"]',
    'PushTest:["a",1]',
    'PushTest:["orphan","a"',
    'Selector:a\0b',
  ])('that is malformed (%j) is BAD_USER_INPUT', async (id) => {
    const { errors } = await client.answer(again, { ids: [Buffer.from(id).toString('base64url')] })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
    const raw = await client.answer(again, { ids: [`${id}%`] })
    expect(raw.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })

  it('may be requested in several ways in one operation', async () => {
    const { selectors } = await client.ask('{ selectors(first: 1) { nodes { id calls(first: 1) { nodes { id } } } } }')
    const [{ id, calls }] = selectors.nodes
    const ids = [id, calls.nodes[0].id, id]
    const found = await client.ask(
      'query ($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } again: nodes(ids: $ids) { id } }',
      { id, ids },
    )
    const expected = ids.map((one) => ({ id: one }))
    expect(found).toEqual({ node: { id }, nodes: expected, again: expected })
  })

  it('that is malformed causes no unhandled rejection of other ids in the list, which would end the process', async () => {
    const stray: unknown[] = []
    const note = (reason: unknown) => stray.push(reason)
    process.on('unhandledRejection', note)
    const ids = ['PushTest:["a","\\u0000"]', 'PushTest:{}'].map((id) => Buffer.from(id).toString('base64url'))
    const { errors } = await client.answer(again, { ids })
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT'])
    process.off('unhandledRejection', note)
    expect(stray).toEqual([])
  })

  it('returns its own object or null, also next to ids with the same row and another selector', async () => {
    const kinds = ['tokens', 'calls', 'messages', 'pushTests'].map((kind) => `${kind}(first: 1) { nodes { id } }`)
    const { selectors } = await client.ask(`{ selectors(first: 2) { nodes { name ${kinds.join(' ')} } } }`)
    const [first, second] = selectors.nodes
    const real: string[] = ['tokens', 'calls', 'messages', 'pushTests'].flatMap((kind) =>
      first[kind].nodes.map(({ id }: Node) => id),
    )
    expect(real.length).toBeGreaterThan(2)
    const foreign = real.map((id) => {
      const decoded = Buffer.from(id, 'base64url').toString()
      return Buffer.from(decoded.replace(first.name, second.name)).toString('base64url')
    })
    for (const ids of [
      [...real, ...foreign],
      [...foreign, ...real],
    ]) {
      const { nodes } = await client.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
      expect(nodes).toEqual(ids.map((id) => (real.includes(id) ? { id } : null)))
    }
  })

  it('of an orphaned push test does not match another push test', async () => {
    const keys = opened.version === 'V1' ? 'id' : 'selector'
    const owned = await opened.sql(`SELECT ${keys}::text, pushid FROM pushtests LIMIT 5`)
    expect(owned).toHaveLength(5)
    const ids = owned.map(([key, pushId]) =>
      Buffer.from(`PushTest:${JSON.stringify(['orphan', key, pushId])}`).toString('base64url'),
    )
    const { nodes } = await client.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
    expect(nodes).toEqual(ids.map(() => null))
  })

  it('is rejected in a list of more than a hundred', async () => {
    const ids = Array.from({ length: 101 }, () => Buffer.from('Selector:nobody').toString('base64url'))
    const { errors } = await client.answer(again, { ids })
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('100'),
      extensions: { code: 'BAD_USER_INPUT' },
    })
    expect((await client.ask(again, { ids: ids.slice(1) })).nodes).toHaveLength(100)
  })
})

describe('Ids', () => {
  it('are the same in v1 and v2, in any encoding of the database', async () => {
    const all = await Promise.all(
      backends.map(async ({ open }) => {
        await using opened = await open()
        await addDataSet(opened, { selectors: 5, calls: 3 })
        const nodes = flatten(await (await openClient(opened.database)).ask(everything))
        return nodes.map(({ id }) => id)
      }),
    )
    for (const ids of all) expect(ids).toEqual(all[0])
  })
})
