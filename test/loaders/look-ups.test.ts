import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addDataSet, addRow, selectorNamed } from '../support/rows.ts'

describe.each(backends)('Look-ups on $name', ({ open }) => {
  let opened: Opened
  let client: Client
  let names: string[]
  let username: string

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 12, calls: 9 })
    await addRow(opened, 'pushtests', 99, {
      rowid: 1_000,
      pushid: 'left behind',
      platform: 'apns',
      started: '2026-01-01',
    })
    client = await openClient(opened.database, { limits: unlimited })
    const { selectors, calls } = await client.ask(
      '{ selectors { nodes { name } } calls(first: 1) { nodes { caller { username } } } }',
    )
    names = selectors.nodes.map(({ name }: { name: string }) => name)
    username = calls.nodes[0].caller.username
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const children = (after: string) => `{ id lastSeen
    tokens { totalCount nodes { id fingerprint } }
    calls(first: 4) { totalCount edges { cursor node { id time callId } } pageInfo { hasNextPage } }
    next: calls(first: 3, after: ${after}) { nodes { id } pageInfo { hasPreviousPage } }
    oldest: calls(last: 2, before: ${after}, orderBy: OLDEST_FIRST) { nodes { id } }
    some: calls(filter: { since: "2026-01-01T00:00:00Z", caller: { username: "${username}" } }) { totalCount nodes { id } }
    messages(first: 2) { totalCount nodes { id headers body } }
    pushTests(filter: { isConcluded: true }) { totalCount nodes { id latencyMs } } }`

  it('return the same rows for one selector alone as in a batch', async () => {
    const asked = names.map((name, n) => `s${n}: selector(name: "${name}") ${children('null')}`)
    const together = await client.ask(`{ ${asked.join(' ')} }`)
    for (const [n, name] of names.entries()) {
      const { s } = await client.ask(`{ s: selector(name: "${name}") ${children('null')} }`)
      expect(s).toEqual(together[`s${n}`])
      expect(s.calls.edges).toHaveLength(4)
    }
  })

  it('have the same text for all values', async () => {
    const texts = new Set<string>()
    const found: number[] = []
    for (const name of names) {
      const { s } = await client.ask(`{ s: selector(name: "${name}") { calls(first: 1) { pageInfo { endCursor } } } }`)
      client.statements()
      const size = found.length + 1
      await client.ask(
        `query ($name: String!, $size: Int, $after: String, $since: DateTime) { selector(name: $name) {
          calls(first: $size, after: $after, filter: { since: $since, caller: { username: $name } }) { totalCount nodes { id } }
          tokens(first: $size) { nodes { id } } } }`,
        { name, size, after: s.calls.pageInfo.endCursor, since: `2026-01-${10 + size}T00:00:00Z` },
      )
      for (const { text } of client.statements()) texts.add(text)
      found.push(texts.size)
    }
    expect(found).toEqual(names.map(() => 4))
  })

  it.each([
    ['calls', 'first: 1', 'calls'],
    ['calls', 'first: 1, after: $after', 'calls'],
    ['calls', 'first: 1, filter: { caller: { username: "nobody" } }', 'searches'],
    ['calls', 'filter: { since: "2026-01-01T00:00:00Z" }', 'searches'],
    ['calls', 'filter: { missedReasons: [MISSED] }', 'searches'],
    ['messages', 'first: 1', 'messages'],
    ['messages', 'filter: { contentType: "text/plain" }', 'searches'],
    ['pushTests', 'first: 1', 'messages'],
    ['pushTests', 'filter: { isConcluded: true }', 'searches'],
    ['tokens', 'first: 1', 'calls'],
  ])(
    'for %s(%s) use the lane %s; pages of several selectors and counts have their own lanes',
    async (list, args, lane) => {
      const lanesOf = async (count: number, fields: string) => {
        const { calls } = await client.ask('{ calls(first: 1) { pageInfo { endCursor } } }')
        client.statements()
        const owners = names.slice(0, count).map((name, n) => `s${n}: selector(name: "${name}") { ...asked }`)
        await client.ask(
          `query ($after: String) { other: calls(after: $after) { __typename } ${owners.join(' ')} }
        fragment asked on Selector { ${list}(${args}) { ${fields} } }`,
          { after: calls.pageInfo.endCursor },
        )
        return client.statements().map(({ lookUp }) => lookUp?.lane)
      }
      for (const count of [1, 3]) {
        const expected = count === 1 || lane === 'searches' ? lane : 'pages of many'
        // The selectors themselves are looked up first.
        expect(await lanesOf(count, 'nodes { id }')).toEqual(['calls', expected])
        expect(await lanesOf(count, 'totalCount')).toEqual(['calls', 'counts'])
      }
    },
  )

  it('return nothing for a deleted selector, even if its rows remain', async () => {
    const gone = selectorNamed(99)
    const { selector, pushTests } = await client.ask(
      `{ selector(name: "${gone}") ${children('null')} pushTests(filter: { platform: "apns" }, orderBy: OLDEST_FIRST, first: 1) {
        nodes { pushId selector { id } } } }`,
    )
    expect(selector).toBeNull()
    expect(pushTests.nodes).toEqual([{ pushId: 'left behind', selector: null }])
  })
})
