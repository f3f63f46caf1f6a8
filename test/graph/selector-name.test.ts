import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

describe.each(backends)('The selector name of push tests on $name', ({ open, version }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    for (const n of [1, 2]) await addSelector(opened, n)
    for (const [rowid, n] of [1, 1, 2, 9].entries())
      await addRow(opened, 'pushtests', n, {
        rowid,
        pushid: `p${rowid}`,
        platform: 'iOS',
        started: `2026-11-0${rowid + 1}`,
      })
    client = await openClient(opened.database)
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const find = async (filter: object) => {
    const { pushTests } = await client.ask(
      'query ($filter: PushTestFilter) { pushTests(filter: $filter, orderBy: OLDEST_FIRST) { totalCount nodes { pushId selectorName selector { name } } } }',
      { filter },
    )
    expect(pushTests.nodes).toHaveLength(pushTests.totalCount)
    return pushTests.nodes
  }
  const names = (nodes: { pushId: string }[]) => nodes.map(({ pushId }) => pushId)
  const gone = version === 'V1' ? null : selectorNamed(9)

  it('is that of the selector, and of a deleted one where it is stored', async () => {
    expect(await find({})).toEqual([
      { pushId: 'p0', selectorName: selectorNamed(1), selector: { name: selectorNamed(1) } },
      { pushId: 'p1', selectorName: selectorNamed(1), selector: { name: selectorNamed(1) } },
      { pushId: 'p2', selectorName: selectorNamed(2), selector: { name: selectorNamed(2) } },
      { pushId: 'p3', selectorName: gone, selector: null },
    ])
    const { selector } = await client.ask(
      `{ selector(name: "${selectorNamed(1)}") { pushTests { nodes { selectorName } } timeline { nodes { ... on PushTest { selectorName } } } } }`,
    )
    for (const nodes of [selector.pushTests.nodes, selector.timeline.nodes])
      expect(nodes).toEqual([{ selectorName: selectorNamed(1) }, { selectorName: selectorNamed(1) }])
  })

  it('finds the push tests of a selector, of a deleted one on v2 alone', async () => {
    expect(names(await find({ selectorName: selectorNamed(1) }))).toEqual(['p0', 'p1'])
    expect(names(await find({ selectorName: selectorNamed(1), since: '2026-11-02T00:00:00Z' }))).toEqual(['p1'])
    expect(names(await find({ selectorName: selectorNamed(9) }))).toEqual(version === 'V1' ? [] : ['p3'])
    for (const name of [
      '',
      ` ${selectorNamed(1)}`,
      selectorNamed(1).toLowerCase(),
      `${selectorNamed(1).slice(0, 40)}%`,
    ])
      expect(names(await find({ selectorName: name }))).toEqual([])
    expect(await find({ selectorName: null })).toHaveLength(4)
  })

  it('of a selector’s own push tests restricts them', async () => {
    const of = async (name: string) => {
      const { selector } = await client.ask(
        `query ($name: String) { selector(name: "${selectorNamed(1)}") { pushTests(filter: { selectorName: $name }) { totalCount nodes { pushId } } } }`,
        { name },
      )
      return [selector.pushTests.totalCount, names(selector.pushTests.nodes)]
    }
    expect(await of(selectorNamed(1))).toEqual([2, ['p1', 'p0']])
    expect(await of(selectorNamed(2))).toEqual([0, []])
  })
})
