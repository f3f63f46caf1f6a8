import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { columnsOf, wantedIndexes } from '../../src/sipis/indexes.ts'
import { copyStatement, copyText } from '../../src/tools/demo/copy-text.ts'
import { dataSet, selectorName } from '../../src/tools/demo/data-set.ts'
import { defaultDataSet } from '../../src/tools/demo/options.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'

const kinds = [
  { name: "v1 with SIPIS's own indexes", version: 'V1', advised: false },
  { name: 'v1 with the indexes that check advises', version: 'V1', advised: true },
  { name: 'v2 with our own indexes', version: 'V2', advised: false },
] as const

const filled = { ...defaultDataSet, selectors: 1_000, calls: 100 }

describe.each(kinds)('On $name', ({ version, advised }) => {
  let own: TestDatabase
  let database: Database
  let client: Client

  beforeAll(async () => {
    own = await cloneDatabase(version)
    await fill(own.url, version)
    const link = version === 'V1' ? 'id' : 'selector'
    await own.sql(
      `INSERT INTO restart (${link}, name, value) SELECT ${link}, name, 'x' FROM selectors, unnest('{server,a,b,c}'::text[]) name`,
    )
    await own.sql(
      `INSERT INTO data (${link}, name, value) SELECT ${link}, name, ${link} FROM selectors, unnest('{username,a,b,c}'::text[]) name`,
    )
    if (version === 'V1') await own.sql(`UPDATE restart SET server = 'Sipis' || id % 4`)
    else await own.sql(`UPDATE restart SET value = 'Sipis' || rowid % 4 WHERE name = 'server'`)
    if (advised)
      for (const index of wantedIndexes.V1)
        await own.sql(`CREATE INDEX ON ${index.table} (${columnsOf(index).join(', ')})`)
    await own.sql('ANALYZE')
    database = openReader(own.url)
    client = await openClient(database, { allowedSettings: ['username', 'a'] })
  })
  afterAll(async () => {
    await database.close()
    await own[Symbol.asyncDispose]()
  })

  /** The plans of all statements of a query. */
  const plansOf = async (query: string) => {
    client.statements()
    await client.ask(query)
    const planned = client.statements().filter(({ text }) => !text.startsWith('EXPLAIN'))
    const plans = planned.map(({ text, values }) => own.sql(`EXPLAIN (COSTS OFF) ${text}`, values))
    return (await Promise.all(plans)).map((lines) => lines.flat().join('\n'))
  }
  const selector = selectorName(defaultDataSet.randomSeed, 7)
  const indexed = /Seq Scan on (sipcalls|siptextmessages|pushtests|tokens|selectors)/

  it('a selector with all four children is read using only indexes', async () => {
    const plans = await plansOf(`{ selector(name: "${selector}") {
      tokens { nodes { id } totalCount } calls { nodes { id } totalCount } messages { nodes { id } } pushTests { nodes { id } } } }`)
    expect(plans).toHaveLength(7)
    for (const plan of plans) expect(plan).not.toMatch(indexed)
  })

  it('the next page of a selector’s calls uses an index', async () => {
    const data = await client.ask(`{ selector(name: "${selector}") { calls(first: 3) { pageInfo { endCursor } } } }`)
    const { endCursor } = data.selector.calls.pageInfo
    const plans = await plansOf(
      `{ selector(name: "${selector}") { calls(first: 3, after: "${endCursor}") { nodes { id } } } }`,
    )
    for (const plan of plans) expect(plan).not.toMatch(indexed)
  })

  it('the timeline of a selector, and its next page, read each kind by an index', async () => {
    const { pageInfo } = (
      await client.ask(`{ selector(name: "${selector}") { timeline(first: 3) { pageInfo { endCursor } } } }`)
    ).selector.timeline
    const plans = await plansOf(`{ selector(name: "${selector}") { timeline(first: 3) { nodes { id } totalCount }
      next: timeline(first: 3, after: "${pageInfo.endCursor}", since: "2026-01-01T00:00:00Z") { nodes { id } rangeCount } } }`)
    expect(plans).toHaveLength(5)
    for (const plan of plans) expect(plan).not.toMatch(indexed)
  })

  it('the newest calls and messages of all selectors, and their next page, use an index of time', async () => {
    const { calls } = await client.ask('{ calls { pageInfo { endCursor } } }')
    const plans =
      await plansOf(`{ calls { nodes { id } } next: calls(after: "${calls.pageInfo.endCursor}") { nodes { id } }
      messages { nodes { id } } oldest: calls(orderBy: OLDEST_FIRST) { nodes { id } } }`)
    for (const plan of plans) {
      expect(plan).not.toMatch(indexed)
      expect(plan).toMatch(/Index Scan (Backward )?using \w*time\w* on (sipcalls|siptextmessages)/)
    }
  })

  it('a Call-ID is looked for in the calls of its day alone', async () => {
    const plans = await plansOf(
      `{ calls(filter: { callId: "x", since: "2026-11-21T00:00:00Z", until: "2026-11-22T00:00:00Z" }) { nodes { id } totalCount } }`,
    )
    for (const plan of plans) expect(plan).toMatch(/Index Cond: .*"time" >= .*"time" </)
  })

  it('push tests of a selector are found by its name using an index', async () => {
    const plans = await plansOf(
      `{ pushTests(filter: { selectorName: "${selector}" }) { nodes { id } } count: pushTests(filter: { selectorName: "${selector}" }) { totalCount } }`,
    )
    for (const plan of plans) expect(plan).not.toMatch(indexed)
  })

  it('selectors are found by name, prefix and suffix using an index', async () => {
    const plans = await plansOf(`{ selectors(filter: { prefix: "${selector.slice(0, 40)}" }) { nodes { id } }
      suffix: selectors(filter: { suffix: "${selector.slice(40)}" }) { nodes { id } } }`)
    for (const plan of plans) expect(plan).not.toMatch(indexed)
    expect(plans[1]).toMatch(/Index Scan.*\n.*substring/)
  })

  it('the other installations of one selector are found by a prefix, using an index', async () => {
    const plans = await plansOf(
      `{ selector(name: "${selector}") { installations { nodes { id } totalCount } server } }`,
    )
    expect(plans).toHaveLength(4)
    for (const plan of plans) expect(plan).not.toMatch(/Seq Scan on (selectors|restart)/)
  })

  it('selectors are found by settings and as installations using an index, and no filter scans a table for each of them', async () => {
    const value = version === 'V1' ? '7' : selector
    const filters = [
      `settings: [{ name: "username", value: "${value}" }, { name: "a", value: "${value}" }]`,
      `installationsOf: "${selector}"`,
      'tokenFingerprint: "0123456789abcdef"',
      'server: "none"',
      'unansweredPushTests: 2',
      'hasToken: false',
      'calledBy: { since: "2026-11-22T00:00:00Z", username: "nobody" }',
    ]
    const plans: string[][] = []
    // One after another, because they share the record of statements.
    for (const filter of filters)
      plans.push(await plansOf(`{ selectors(filter: { ${filter} }) { nodes { id } totalCount } }`))
    for (const plan of plans.flat()) expect(plan).not.toMatch(/SubPlan.*Seq Scan/s)
    for (const plan of plans.slice(0, 2).flat()) expect(plan).not.toMatch(/Seq Scan on selectors/)
    expect(plans.at(-1)?.join()).toMatch(/Index Cond: .*"time" >=/)
  })

  it('a statistic of a short span reads the calls of it alone', async () => {
    const span = 'since: "2026-11-20T10:00:00Z", until: "2026-11-20T12:00:00Z"'
    for (const field of [
      `callStats(${span}, by: [REASON, HOUR]) { totalCount }`,
      `callStats(${span}, by: [APP]) { totalCount }`,
      `topCallers(${span}) { nodes { count } }`,
    ]) {
      const plans = await plansOf(`{ ${field} }`)
      for (const plan of plans) expect(plan).not.toMatch(/Seq Scan on (sipcalls|selectors)/)
    }
  })

  it('objects are found by id using an index', async () => {
    const { selectors: list } = await client.ask(`{ selectors(filter: { prefix: "${selector}" }) { nodes { id
      tokens { nodes { id } } calls(first: 1) { nodes { id } } messages(first: 1) { nodes { id } } pushTests(first: 1) { nodes { id } } } } }`)
    const [node] = list.nodes
    const ids = [node.id, ...['tokens', 'calls', 'messages', 'pushTests'].map((kind) => node[kind].nodes[0].id)]
    for (const plan of await plansOf(`{ nodes(ids: ${JSON.stringify(ids)}) { id } }`)) expect(plan).not.toMatch(indexed)
  })

  if (version === 'V2' || advised) {
    it('the newest calls of a selector need no sort', async () => {
      const plans = await plansOf(
        `{ selector(name: "${selector}") { calls(first: 5) { nodes { id } } old: calls(first: 5, orderBy: OLDEST_FIRST) { nodes { id } } } }`,
      )
      for (const plan of plans) expect(plan).not.toContain('Sort')
    })

    it('the timeline reads one page of calls and of messages, in the order of an index', async () => {
      const [, plan] = await plansOf(`{ selector(name: "${selector}") { timeline(first: 5) { nodes { id } } } }`)
      for (const table of ['sipcalls', 'siptextmessages'])
        expect(plan).toMatch(new RegExp(`Limit\\n *->  Index Scan Backward using \\w*time\\w* on ${table}`))
    })

    it('the newest rows of every list are read from an index', async () => {
      const plans = await plansOf(
        '{ selectors { nodes { id } } pushTests { nodes { id } } calls { nodes { id } } tokens { nodes { id } } }',
      )
      for (const plan of plans) expect(plan).not.toMatch(indexed)
    })
  }
})

async function fill(url: string, version: 'V1' | 'V2'): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  for (const table of dataSet(version, filled)) {
    await pipeline(
      Readable.from(copyText(table, filled.selectors)),
      client.query(copyFrom(copyStatement(table, 'STDIN'))),
    )
  }
  await client.end()
}
