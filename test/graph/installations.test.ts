import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addDataSet, addSelector } from '../support/rows.ts'

/** Names in which characters mean something in a pattern, or that are shorter than the part that they share. */
const odd = ['A%', 'A_', 'A!', 'A\\', 'A'].flatMap((start) => {
  const account = start.padEnd(40, 'f')
  return [`${account}:1`, `${account}:2`, account]
})
const names = [...odd, 'short', 'shorter', '', ' blank', 'ž'.repeat(40), `${'ž'.repeat(40)}:1`, `${'ž'.repeat(39)}e:1`]

describe.each(backends)('The installations of an account on $name', ({ open, name }) => {
  let opened: Opened
  let client: Client
  let all: string[]

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 40, calls: 0 })
    // A selector has 64 characters, in SQL_ASCII bytes.
    for (const [index, selector] of names.entries())
      if (!name.includes('SQL_ASCII') || Buffer.byteLength(selector) <= 64)
        await addSelector(opened, 1_000 + index, { selector, lastseen: `2026-11-01 00:00:0${index % 10}Z` })
    if (name.includes('SQL_ASCII'))
      for (const id of [1_101, 1_102])
        await opened.sql(
          `INSERT INTO selectors (id, selector) VALUES (${id}, convert_from('\\xff' || convert_to(repeat('A', 39) || ':${id}', 'SQL_ASCII'), 'SQL_ASCII'))`,
        )
    all = (await opened.sql(`SELECT id FROM selectors`)).flat().map(String)
    client = await openClient(opened.database, {
      limits: unlimited,
      authenticate: authenticateAs([tool('reader', 'sipis:read'), device('device', odd[0] ?? '')]),
    })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const nameOf = ({ name }: { name: string }) => name
  const encoding = name.includes('SQL_ASCII') ? 'SQL_ASCII' : 'UTF8'
  const decoded = (hex: string | null | undefined) => Buffer.from(String(hex), 'hex').toString()

  const others = async (id: string) =>
    (
      await opened.sql(
        `SELECT encode(convert_to(s.selector, '${encoding}'), 'hex') FROM selectors AS s JOIN selectors AS own ON own.id = $1 AND left(s.selector, 40) = left(own.selector, 40)
          AND s.id <> own.id ORDER BY s.lastseen DESC, s.id DESC`,
        [id],
      )
    ).map(([other]) => decoded(other))

  it('are those of plain SQL, for all selectors at once', async () => {
    expect(all.length).toBeGreaterThan(50)
    const query = `query ($after: String) { selectors(first: 100, after: $after) { nodes { id name installations { totalCount nodes { name } } } } }`
    client.statements()
    const { selectors } = await client.ask(query, {}, 'reader')
    // The list, and the pages and the counts of all of its selectors.
    expect(client.statements()).toHaveLength(3)
    const byId = await opened.sql('SELECT id FROM selectors ORDER BY lastseen DESC, id DESC')
    let found = 0
    for (const [index, [id]] of byId.entries()) {
      const { installations } = selectors.nodes[index]
      const expected = await others(String(id))
      expect([id, installations.nodes.map(nameOf), installations.totalCount]).toEqual([
        id,
        expected.slice(0, 20),
        expected.length,
      ])
      found += expected.length
    }
    expect(found).toBeGreaterThan(30)
  })

  it('are the same for one selector, page by page', async () => {
    const { selectors } = await client.ask(
      '{ selectors(first: 100) { nodes { name installations { nodes { name } } } } }',
      {},
      'reader',
    )
    for (const { name, installations } of selectors.nodes) {
      if (name.includes('\ufffd')) continue
      const seen: string[] = []
      let after: string | null = null
      do {
        const {
          selector,
        }: {
          selector: {
            installations: {
              nodes: { name: string }[]
              pageInfo: { endCursor: string; hasNextPage: boolean }
              totalCount: number
              rangeCount: number
            }
          }
        } = await client.ask(
          `query ($name: String!, $after: String) { selector(name: $name) { installations(first: 1, after: $after) {
              nodes { name } pageInfo { endCursor hasNextPage } totalCount rangeCount } } }`,
          { name, after },
          'reader',
        )
        const { nodes, pageInfo, totalCount, rangeCount } = selector.installations
        expect(totalCount).toBe(installations.nodes.length)
        expect(rangeCount).toBe(totalCount - seen.length)
        seen.push(...nodes.map(nameOf))
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null
      } while (after !== null)
      expect([name, seen]).toEqual([name, installations.nodes.map(nameOf)])
    }
  })

  it('are empty for a device, without a statement', async () => {
    const query =
      '{ viewer { selector { name installations { totalCount nodes { name } edges { cursor } pageInfo { hasNextPage } } } } }'
    client.statements()
    const { viewer } = await client.ask(query, {}, 'device')
    expect(client.statements()).toHaveLength(1)
    expect(viewer.selector).toEqual({
      name: odd[0],
      installations: { totalCount: 0, nodes: [], edges: [], pageInfo: { hasNextPage: false } },
    })
    const { selector } = await client.ask(
      `query ($name: String!) { selector(name: $name) { installations { totalCount } } }`,
      { name: odd[0] },
      'reader',
    )
    expect(selector.installations.totalCount).toBeGreaterThan(1)
  })
})
