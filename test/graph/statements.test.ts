import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

const children = `
  name
  tokens { nodes { id appId selector { name } } pageInfo { endCursor } totalCount }
  calls(first: 10) { nodes { id time selector { id name } } totalCount }
  messages(first: 5) { nodes { id time selector { id } } totalCount }
  pushTests(first: 3) { nodes { id started selector { id } } totalCount }`

describe.each(backends)('The number of statements on $name', ({ open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 50, calls: 12 })
    client = await openClient(opened.database)
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const count = async (query: string) => {
    client.statements()
    const data = await client.ask(query)
    return { data, statements: client.statements() }
  }

  it('is the same for 1 and for 50 selectors with all four children', async () => {
    const one = await count(`{ selectors(first: 1) { nodes { ${children} } } }`)
    const fifty = await count(`{ selectors(first: 50) { nodes { ${children} } } }`)
    expect(one.data.selectors.nodes).toHaveLength(1)
    expect(fifty.data.selectors.nodes).toHaveLength(50)
    expect(fifty.data.selectors.nodes[0]).toEqual(one.data.selectors.nodes[0])
    // One for the list, and for each kind of child one page and one count.
    expect(one.statements).toHaveLength(9)
    expect(fifty.statements).toHaveLength(9)
  })

  it('grows by one for an alias with other arguments, independent of the number of rows', async () => {
    const aliases = `a: calls(first: 2) { nodes { id } } b: calls(first: 3) { nodes { id } }
      c: calls(first: 2, orderBy: OLDEST_FIRST) { nodes { id } } d: calls(first: 2) { nodes { time } }`
    const one = await count(`{ selectors(first: 1) { nodes { ${aliases} } } }`)
    const fifty = await count(`{ selectors(first: 50) { nodes { ${aliases} } } }`)
    // d has the same arguments as a.
    expect(one.statements).toHaveLength(4)
    expect(fifty.statements).toHaveLength(4)
  })

  it('is one for any number of selectors by name', async () => {
    const names = (await client.ask('{ selectors(first: 20) { nodes { name } } }')).selectors.nodes
    const query = names.map(({ name }: { name: string }, n: number) => `s${n}: selector(name: "${name}") { id }`)
    const { data, statements } = await count(`{ ${query.join(' ')} }`)
    expect(Object.keys(data)).toHaveLength(20)
    expect(statements).toHaveLength(1)
  })

  it('is one for each type of node', async () => {
    const data = await client.ask(`{ selectors(first: 10) { nodes { id ${children} } } }`)
    const ids = data.selectors.nodes.flatMap((node: Record<string, { nodes: { id: string }[] }>) => [
      node['id'],
      ...['tokens', 'calls', 'messages', 'pushTests'].flatMap((kind) => node[kind]?.nodes[0]?.id ?? []),
    ])
    const list = JSON.stringify(ids)
    const { data: found, statements } = await count(`{ nodes(ids: ${list}) { __typename id } }`)
    expect(found.nodes.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect(statements).toHaveLength(5)
  })

  it('is zero for a count or a page that is not selected', async () => {
    expect((await count('{ calls(first: 1) { totalCount } }')).statements).toHaveLength(1)
    expect(
      (await count('{ calls(first: 1) { nodes { id } edges { cursor } pageInfo { endCursor } } }')).statements,
    ).toHaveLength(1)
    expect((await count('{ calls(first: 1) { __typename } }')).statements).toHaveLength(0)
  })

  it('counts only SELECT statements', async () => {
    const { statements } = await count(
      `{ selectors { nodes { ${children} } } calls { totalCount } database { tableVersions { name } } }`,
    )
    for (const { text } of statements) expect(text).toMatch(/^SELECT /)
  })
})
