import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detect } from '../../src/sipis/detect.ts'
import { describeDuplicates, findDuplicates } from '../../src/sipis/duplicates.ts'
import { examine } from '../../src/tools/check/report.ts'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends, cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

type Target = Pick<Opened, 'version' | 'sql'>

/** The vendor has published the columns only. */
async function dropKeysAndIndexes({ sql }: Target): Promise<void> {
  await sql(`DO $$ DECLARE item record; BEGIN
    FOR item IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
      WHERE contype IN ('p', 'u', 'f') AND connamespace = 'public'::regnamespace ORDER BY contype LOOP
      EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.relation, item.conname);
    END LOOP;
    FOR item IN SELECT indexname FROM pg_indexes WHERE schemaname = 'public' LOOP
      EXECUTE format('DROP INDEX %I', item.indexname);
    END LOOP; END $$`)
}

const instant = (second: number) => `2026-01-01 00:00:${String(second).padStart(2, '0')}+00`

async function addRepeatedSelectors(target: Target): Promise<void> {
  await addSelector(target, 1, { lastseen: instant(1) })
  await addSelector(target, 2, { lastseen: instant(2) })
  // Two rows of different times, two of one time, and two equal rows.
  await addSelector(target, 1, { id: 11, lastseen: instant(5) })
  await addSelector(target, 2, { id: 12, lastseen: instant(2) })
  for (let times = 0; times < 3; times++) await addSelector(target, 3, { lastseen: instant(2) })
  // Several rows that share an id and a time.
  for (const number of [4, 5, 6]) await addSelector(target, number, { id: 4, lastseen: instant(2) })
  for (const number of [1, 2, 3, 4]) {
    for (let row = 0; row < 3; row++) {
      const rowid = number * 10 + row
      await addRow(target, 'sipcalls', number, { rowid, time: instant(row) })
      await addRow(target, 'siptextmessages', number, { rowid, time: instant(row) })
      await addRow(target, 'tokens', number, { rowid, token: 'same', appid: 'app' })
      await addRow(target, 'pushtests', number, { rowid, pushid: `p${rowid}`, platform: 'x', started: instant(row) })
    }
  }
}

const served: Readonly<Record<string, string>> = {
  'selectors(orderBy: LAST_SEEN_DESC': `SELECT selector FROM newest ORDER BY lastseen DESC, id DESC, selector DESC`,
  'selectors(orderBy: LAST_SEEN_ASC': `SELECT selector FROM newest ORDER BY lastseen, id, selector`,
  'selectors(orderBy: NAME_ASC': `SELECT selector FROM newest ORDER BY selector`,
  'selectors(filter: { appId: "app" }': `SELECT selector FROM newest n WHERE EXISTS (SELECT FROM tokens t WHERE t.selector = n.selector)
    ORDER BY lastseen DESC, id DESC, selector DESC`,
  'calls(orderBy: NEWEST_FIRST': `SELECT rowid || ':' || selector FROM sipcalls ORDER BY time DESC, rowid DESC`,
  'calls(orderBy: OLDEST_FIRST': `SELECT rowid || ':' || selector FROM sipcalls ORDER BY time, rowid`,
  'messages(orderBy: NEWEST_FIRST': `SELECT rowid || ':' || selector FROM siptextmessages ORDER BY time DESC, rowid DESC`,
  'messages(orderBy: OLDEST_FIRST': `SELECT rowid || ':' || selector FROM siptextmessages ORDER BY time, rowid`,
  'pushTests(orderBy: NEWEST_FIRST': `SELECT pushid FROM pushtests ORDER BY started DESC, rowid DESC`,
  'pushTests(orderBy: OLDEST_FIRST': `SELECT pushid FROM pushtests ORDER BY started, rowid`,
}
const newest = `WITH newest AS (SELECT DISTINCT ON (selector) * FROM selectors ORDER BY selector, lastseen DESC, id DESC)`

function plainId(id: string): string {
  const [, rest = ''] = /^\w+:(.*)$/s.exec(Buffer.from(id, 'base64url').toString()) ?? []
  return rest.startsWith('[') ? String(JSON.parse(rest)[1]) : rest
}

async function walk(client: Client, field: string, size: number, backwards: boolean): Promise<string[]> {
  const list = field.slice(0, field.indexOf('('))
  const arguments_ = backwards ? `last: ${size}, before: $at` : `first: ${size}, after: $at`
  const query = `query ($at: String) { ${field}, ${arguments_}) {
    nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`
  const ids: string[] = []
  for (let at: string | null = null; ; ) {
    const { [list]: page } = await client.ask(query, { at })
    const found = page.nodes.map(({ id }: { id: string }) => plainId(id))
    if (backwards) ids.unshift(...found)
    else ids.push(...found)
    if (!(backwards ? page.pageInfo.hasPreviousPage : page.pageInfo.hasNextPage)) return ids
    at = backwards ? page.pageInfo.startCursor : page.pageInfo.endCursor
  }
}

const v2 = backends.filter(({ version }) => version === 'V2')

describe.each(v2)('With duplicate selectors and without any key or index, $name', ({ open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await dropKeysAndIndexes(opened)
    await addRepeatedSelectors(opened)
    client = await openClient(opened.database, { limits: unlimited })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  it.each(Object.entries(served))(
    '%s) has each row once, for any page size and from either end',
    async (field, statement) => {
      const rows = (await opened.sql(`${newest} ${statement}`)).map(([id]) => id)
      for (const size of [1, 2, 3, 10]) {
        expect(await walk(client, field, size, false)).toEqual(rows)
        expect(await walk(client, field, size, true)).toEqual(rows)
      }
      const list = field.slice(0, field.indexOf('('))
      const { [list]: counted } = await client.ask(`{ ${field}) { totalCount } }`)
      expect(counted.totalCount).toBe(rows.length)
    },
  )

  it('a selector is its newest row in every query', async () => {
    const [one, two] = [selectorNamed(1), selectorNamed(2)]
    const query = `query ($one: String!, $two: String!) {
      one: selector(name: $one) { id lastSeen calls { totalCount } } two: selector(name: $two) { id lastSeen } }`
    const { one: first } = await client.ask(query, { one, two })
    expect(first).toMatchObject({ lastSeen: '2026-01-01T00:00:05.000000Z', calls: { totalCount: 3 } })
    const alone = `query ($id: ID!) { node(id: $id) { ... on Selector { lastSeen } } }`
    expect((await client.ask(alone, { id: first.id })).node.lastSeen).toBe(first.lastSeen)
    const { calls } = await client.ask('{ calls(first: 100) { nodes { id selector { name lastSeen } } } }')
    const ids = [first.id, ...calls.nodes.map(({ id }: { id: string }) => id)]
    const { nodes } = await client.ask(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Selector { name lastSeen } ... on Call { owner: selector { name lastSeen } } } }`,
      { ids },
    )
    expect(nodes.slice(1)).toEqual(calls.nodes.map(({ selector }: { selector: unknown }) => ({ owner: selector })))
    expect(nodes[0].lastSeen).toBe(first.lastSeen)
    for (const { selector } of calls.nodes) if (selector.name === one) expect(selector.lastSeen).toBe(first.lastSeen)
  })

  it('every object is found by its id', async () => {
    const { selectors, ...lists } = await client.ask(`{ selectors { nodes { id tokens { nodes { id } } } }
      calls { nodes { id } } messages { nodes { id } } pushTests { nodes { id } } }`)
    const tokens = selectors.nodes.flatMap((selector: { tokens: { nodes: unknown[] } }) => selector.tokens.nodes)
    const all = [
      selectors.nodes,
      tokens,
      ...Object.values<{ nodes: unknown[] }>(lists).map(({ nodes }) => nodes),
    ].flat()
    const ids = all.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const { nodes } = await client.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
    expect(nodes).toEqual(ids.map((id) => ({ id })))
  })

  it('serve and check report the duplicates', async () => {
    const detected = await detect(opened.database)
    const found = await findDuplicates(opened.database, detected, 60_000)
    expect(found).toEqual([expect.objectContaining({ table: 'selectors', columns: ['selector'], values: 3 })])
    const report = await examine(opened.database, 'test', () => undefined)
    expect(report.duplicates).toEqual(found)
  })
})

describe.each(backends)('Unexpected duplicates, $name', ({ open, version }) => {
  it('are reported with their table, columns, number and effect', async () => {
    const opened = untilTestEnds(await open())
    await dropKeysAndIndexes(opened)
    for (const number of [1, 2]) await addSelector(opened, number)
    const same = { rowid: 1, time: instant(1) }
    for (const number of [1, 2]) await addRow(opened, 'sipcalls', number, same)
    for (const times of [1, 2]) {
      await addRow(opened, 'siptextmessages', 1, same)
      await addRow(opened, 'tokens', 1, { rowid: 1, token: `t${times}`, appid: 'a' })
      await addRow(opened, 'pushtests', 1, { rowid: times, pushid: 'p', platform: 'x', started: instant(1) })
    }
    const key = version === 'V1' ? 'id' : 'selector'
    const found = (await findDuplicates(opened.database, await detect(opened.database), 60_000)).map(describeDuplicates)
    expect(found.map((sentence) => sentence.replace(/\. .*/s, ''))).toEqual([
      '1 value occurs more than once in tokens (rowid)',
      '1 value occurs more than once in sipcalls (rowid)',
      '1 value occurs more than once in siptextmessages (rowid)',
      `1 value occurs more than once in pushtests (${key}, pushid)`,
    ])
  })

  it('are not searched for if a unique key prevents them', async () => {
    const opened = untilTestEnds(await open())
    let looked = 0
    const counted: Opened['database'] = {
      query: (statement, signal) => {
        looked++
        return opened.database.query(statement, signal)
      },
      close: () => Promise.resolve(),
    }
    expect(await findDuplicates(counted, await detect(opened.database), 60_000)).toEqual([])
    // As created by init: v1 has no key for calls and messages, v2 none for push ids.
    expect(looked).toBe(version === 'V1' ? 2 : 1)
  })
})

describe('Duplicates in a table that cannot be searched in time', () => {
  it('are reported as unknown', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await dropKeysAndIndexes({ version: 'V2', sql: own.sql })
    const database = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const detected = await detect(database)
    await own.sql('BEGIN')
    await own.sql('LOCK TABLE sipcalls IN ACCESS EXCLUSIVE MODE')
    const found = await findDuplicates(database, detected, 500)
    await own.sql('ROLLBACK')
    expect(found.map(describeDuplicates)).toEqual([
      expect.stringMatching(/No unique key prevents duplicates in sipcalls \(rowid\)/),
    ])
  })
})
