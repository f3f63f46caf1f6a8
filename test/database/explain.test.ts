import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { prepareSession, statisticsSettings } from '../../src/database/session.ts'
import type { Questions } from '../../src/loaders/statistics/questions.ts'
import { columnsOf, wantedIndexes } from '../../src/sipis/indexes.ts'
import { copyStatement, copyText } from '../../src/tools/demo/copy-text.ts'
import { dataSet, selectorName } from '../../src/tools/demo/data-set.ts'
import { defaultDataSet } from '../../src/tools/demo/options.ts'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'

const kinds = [
  { name: "v1 with SIPIS's own indexes", version: 'V1', advised: false },
  { name: 'v1 with the indexes that check advises', version: 'V1', advised: true },
  { name: 'v2 with our own indexes', version: 'V2', advised: false },
] as const

const short = 'since: "2026-11-20T10:00:00Z", until: "2026-11-20T12:00:00Z"'
const whole = 'since: "2026-11-01T00:00:00Z", until: "2026-11-30T00:00:00Z"'

interface KindOfStatistic {
  readonly field: (span: string) => string
  /** Tables that it reads from the first row to the last. */
  readonly scans: readonly string[]
}

/** Each question over all selectors has its kinds here, or this does not compile. */
const statistics: Readonly<Record<keyof Questions, readonly KindOfStatistic[]>> = {
  callCounts: [
    { field: (span) => `callStats(${span}, by: []) { totalCount }`, scans: [] },
    { field: (span) => `callStats(${span}, by: [REASON, CALLER_DOMAIN, DAY]) { totalCount }`, scans: [] },
    { field: (span) => `callStats(${span}, by: [APP]) { totalCount }`, scans: ['tokens'] },
    {
      field: (span) =>
        `callStats(${span}, by: [APP, REASON], filter: { caller: { usernameEndsWith: "7" } }) { totalCount }`,
      scans: ['tokens'],
    },
  ],
  pushTestCounts: [
    { field: (span) => `pushTestStats(${span}, by: []) { asOf }`, scans: [] },
    { field: (span) => `pushTestStats(${span}, by: [PLATFORM, DAY]) { asOf }`, scans: [] },
    { field: (span) => `pushTestStats(${span}, by: [APP, PLATFORM]) { asOf }`, scans: ['tokens'] },
  ],
  topCallers: [{ field: (span) => `topCallers(${span}) { asOf }`, scans: [] }],
  tokenCounts: [{ field: () => 'tokenStats(olderThan: ["2026-11-20T10:00:00Z"]) { asOf }', scans: ['tokens'] }],
  serverCounts: [{ field: () => 'servers { asOf }', scans: ['restart', 'selectors'] }],
}
const kindsOfStatistics = Object.values(statistics)
  .flat()
  .map((kind) => ({ ...kind, statistic: kind.field('…') }))

/** Tables that a plan reads from the first row to the last, each as often as it does. */
function scannedIn(plan: string): string[] {
  const scans = [...plan.matchAll(/Seq Scan on (\w+).*loops=(\d+)/g)]
  return scans.flatMap(([, table = '', loops]) => Array.from({ length: Number(loops) }, () => table)).toSorted()
}

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

  /** What the statements of a statistic did in the session that runs them. */
  const plansOfStatistic = async (field: string) => {
    await using asking = await openClient(database, { limits: unlimited })
    await asking.ask(`{ ${field} }`)
    const ran = asking
      .statements()
      .filter(({ isStatistic, text }) => isStatistic && !/^EXPLAIN|starts\(start\)/.test(text))
    const session = new pg.Client(own.url)
    await session.connect()
    await prepareSession(session, statisticsSettings(30_000))
    const plans: string[] = []
    for (const { text, values } of ran) {
      const explained = `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) ${text}`
      const { rows } = await session.query<[string]>({ text: explained, values: [...values], rowMode: 'array' })
      plans.push(rows.flat().join('\n'))
    }
    await session.end()
    return plans
  }

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

  it.each(kindsOfStatistics)('$statistic reads its span alone, and other tables once', async ({ field, scans }) => {
    const plans = await plansOfStatistic(field(short))
    expect(plans.length).toBeGreaterThan(0)
    const unindexed = version === 'V1' && !advised && field(short).startsWith('pushTestStats') ? ['pushtests'] : []
    for (const plan of plans) expect(scannedIn(plan)).toEqual([...scans, ...unindexed].toSorted())
  })

  it.each(kindsOfStatistics)('$statistic writes no temporary file in a span of all rows', async ({ field }) => {
    const plans = await plansOfStatistic(field(whole))
    for (const plan of plans) expect(plan).not.toMatch(/temp (read|written)|Disk:/)
  })

  it('the counts and the push health of selectors in a list use only indexes', async () => {
    const plans = await plansOf(
      `{ selectors(first: 5) { nodes { callStats(${short}, by: [REASON, APP, DAY]) { totalCount } pushHealth { testsSent lastTest { id } tokens } } } }`,
    )
    expect(plans.length).toBeGreaterThan(2)
    const ofSelectors = /Seq Scan on (sipcalls|pushtests|tokens)/
    for (const plan of plans) expect(plan).not.toMatch(ofSelectors)
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
