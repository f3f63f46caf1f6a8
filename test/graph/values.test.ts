import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened, TestDatabase } from '../support/database.ts'
import { backends, cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

const latest = '9999-12-31T23:59:59.999999Z'
const earliest = '0001-01-01T00:00:00.000000Z'

describe.each(backends)('Values on $name', ({ version, open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    client = await openClient(opened.database)
    await addSelector(opened, 1, { lastseen: 'infinity' })
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const times = [
    ['infinity', latest],
    ['294276-12-31 23:59:59.999999+00', latest],
    ['10000-01-01 00:00:00+00', latest],
    ['9999-12-31 23:59:59.999999+00', latest],
    ['2026-11-22 06:24:17.701827+00', '2026-11-22T06:24:17.701827Z'],
    ['2026-11-22 06:24:17.7+00', '2026-11-22T06:24:17.700000Z'],
    ['2026-11-22 06:24:17+00', '2026-11-22T06:24:17.000000Z'],
    ['0099-02-03 04:05:06.000001+00', '0099-02-03T04:05:06.000001Z'],
    ['0001-01-01 00:00:00+00', earliest],
    ['0044-03-15 12:00:00+00 BC', earliest],
    ['4713-01-01 00:00:00+00 BC', earliest],
    ['-infinity', earliest],
  ] as const

  it('of time have microseconds, and are clamped to the range of RFC 3339', async () => {
    for (const [index, [time]] of times.entries()) await addRow(opened, 'sipcalls', 1, { rowid: index + 1, time })
    const { calls } = await client.ask('{ calls(first: 100) { nodes { time } } }')
    expect(calls.nodes.map(({ time }: { time: string }) => time)).toEqual(times.map(([, shown]) => shown))
    const { selectors } = await client.ask('{ selectors { nodes { lastSeen } } }')
    expect(selectors.nodes).toEqual([{ lastSeen: latest }])
  })

  it('of time keep their exact order in cursors, even if they are clamped', async () => {
    const seen: string[] = []
    let after = ''
    for (let turn = 0; turn < times.length; turn++) {
      const { calls } = await client.ask(`{ calls(first: 1${after}) { nodes { time } pageInfo { endCursor } } }`)
      seen.push(calls.nodes[0].time)
      after = `, after: "${calls.pageInfo.endCursor}"`
      expect(calls.pageInfo.endCursor.length).toBeLessThan(70)
    }
    expect(seen).toEqual(times.map(([, shown]) => shown))
  })

  it('of 64 bits are preserved in ids', async () => {
    if (version === 'V1') return
    await addRow(opened, 'sipcalls', 1, { rowid: '9007199254740993', time: '2000-01-01', callid: 'large' })
    await addRow(opened, 'sipcalls', 1, { rowid: '9007199254740992', time: '2000-01-01', callid: 'other' })
    const { calls } = await client.ask(
      '{ calls(filter: { until: "2001-01-01T00:00:00Z", since: "1999-01-01T00:00:00Z" }) { nodes { id callId } } }',
    )
    expect(calls.nodes.map(({ callId }: { callId: string }) => callId)).toEqual(['large', 'other'])
    const { node } = await client.ask('query ($id: ID!) { node(id: $id) { ... on Call { callId } } }', {
      id: calls.nodes[0].id,
    })
    expect(node).toEqual({ callId: 'large' })
  })

  it('of any script and length are preserved, and are found by filters', async () => {
    const username = 'Ünï\'"\\%_𝒳\u202e 电话\t\n'
    await addRow(opened, 'sipcalls', 1, {
      rowid: 900,
      time: '2026-01-01',
      callid: 'odd',
      username,
      userdisplayname: '🛎️'.repeat(20),
    })
    await addRow(opened, 'siptextmessages', 1, {
      rowid: 1,
      time: '2026-01-01',
      body: 'ä'.repeat(2_000_000),
      headers: '<h a="&lt;"/>',
    })
    const data = await client.ask(
      `query ($username: String!) { calls(filter: { caller: { username: $username } }) { nodes { callId caller { username displayName } } }
        messages { nodes { body headers } } }`,
      { username },
    )
    expect(data.calls.nodes).toEqual([{ callId: 'odd', caller: { username, displayName: '🛎️'.repeat(20) } }])
    expect(data.messages.nodes[0].headers).toBe('<h a="&lt;"/>')
    expect(data.messages.nodes[0].body).toBe('ä'.repeat(2_000_000))
  })

  it('of push tests may be infinite', async () => {
    const rows: [string, string | null][] = [
      ['infinity', 'infinity'],
      ['-infinity', 'infinity'],
      ['2026-01-01 00:00:00', 'infinity'],
      ['2026-01-01 00:00:00.25', '2026-01-01 00:00:01.000001'],
      ['294276-12-31 23:59:59', null],
    ]
    for (const [index, [started, concluded]] of rows.entries()) {
      await addRow(opened, 'pushtests', 1, {
        rowid: index + 1,
        pushid: `p${index}`,
        platform: 'iOS',
        started,
        concluded,
      })
    }
    const { pushTests } = await client.ask(
      '{ pushTests(orderBy: OLDEST_FIRST) { nodes { pushId started concluded latencyMs } } }',
    )
    expect(pushTests.nodes).toEqual([
      { pushId: 'p1', started: earliest, concluded: latest, latencyMs: null },
      { pushId: 'p2', started: '2026-01-01T00:00:00.000000Z', concluded: latest, latencyMs: null },
      {
        pushId: 'p3',
        started: '2026-01-01T00:00:00.250000Z',
        concluded: '2026-01-01T00:00:01.000001Z',
        latencyMs: 750.001,
      },
      { pushId: 'p4', started: latest, concluded: null, latencyMs: null },
      { pushId: 'p0', started: latest, concluded: latest, latencyMs: null },
    ])
  })

  it('of push tests are interpreted, sorted and filtered in the configured time zone', async () => {
    const inPrague = await openClient(opened.database, { timeZone: 'Europe/Prague' })
    await addRow(opened, 'pushtests', 1, {
      rowid: 50,
      pushid: 'summer',
      platform: 'zone',
      started: '2026-07-01 12:00:00',
    })
    await addRow(opened, 'pushtests', 1, {
      rowid: 51,
      pushid: 'winter',
      platform: 'zone',
      started: '2026-12-01 12:00:00',
    })
    const query =
      '{ pushTests(filter: { platform: "zone", since: "2026-07-01T09:30:00Z", until: "2026-12-01T11:00:01Z" }) { nodes { pushId started } } }'
    expect((await inPrague.ask(query)).pushTests.nodes).toEqual([
      { pushId: 'winter', started: '2026-12-01T11:00:00.000000Z' },
      { pushId: 'summer', started: '2026-07-01T10:00:00.000000Z' },
    ])
    expect((await client.ask(query)).pushTests.nodes).toEqual([
      { pushId: 'summer', started: '2026-07-01T12:00:00.000000Z' },
    ])
    const all = await inPrague.ask('{ pushTests { nodes { started } } }')
    expect(all.pushTests.nodes).toHaveLength(7)
  })
})

describe('What SIPIS did not record', () => {
  /** In v1 it may be stored as NULL or as the empty text, in v2 as the empty text alone. */
  const unrecorded = { scheme: '', userdisplayname: '', username: '', domain: '', domainport: 0 }

  it.each(backends)('is null on $name, the same answer over both versions', async ({ open }) => {
    const opened = untilTestEnds(await open())
    const client = await openClient(opened.database)
    await addSelector(opened, 1)
    const time = '2026-01-01'
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time, missedreason: '' })
    await addRow(opened, 'sipcalls', 1, { ...unrecorded, callid: '', rowid: 2, time, missedreason: '' })
    await addRow(opened, 'siptextmessages', 1, { rowid: 1, time })
    const message = { msgid: '', contenttype: '', headers: '', body: '' }
    await addRow(opened, 'siptextmessages', 1, { ...unrecorded, ...message, rowid: 2, time })
    const address = 'uri scheme displayName username domain port'
    const data = await client.ask(`{ calls { nodes { missedReason missedReasonText callId caller { ${address} } } }
      messages { nodes { messageId contentType headers body sender { ${address} } } } }`)
    const peer = { uri: null, scheme: null, displayName: null, username: null, domain: null, port: null }
    const call = { missedReason: null, missedReasonText: null, callId: null, caller: peer }
    const sent = { messageId: null, contentType: null, headers: '', body: '', sender: peer }
    expect(data).toEqual({ calls: { nodes: [call, call] }, messages: { nodes: [sent, sent] } })
    for (const [list, filter, count] of [
      ['calls', 'caller: { username: "" }', 2],
      ['calls', 'caller: { domain: "" }', 2],
      ['calls', 'caller: { username: "", domain: "x" }', 0],
      ['calls', 'missedReasons: [UNKNOWN]', 0],
      ['messages', 'contentType: ""', 2],
      ['messages', 'sender: { username: "" }', 2],
    ] as const) {
      const found = await client.ask(`{ ${list}(filter: { ${filter} }) { totalCount nodes { id } } }`)
      expect([filter, found[list].totalCount, found[list].nodes.length]).toEqual([filter, count, count])
    }
  })

  it.each(backends)('differs from what it did, on $name', async ({ open, version }) => {
    const opened = untilTestEnds(await open())
    const client = await openClient(opened.database)
    await addSelector(opened, 1)
    const cells = { scheme: 'sips', userdisplayname: 'A', username: 'a', domain: 'b', domainport: 5061 }
    await addRow(opened, 'sipcalls', 1, {
      ...cells,
      rowid: 1,
      callid: 'c',
      time: '2026-01-01',
      missedreason: 'SomethingNew',
    })
    const query =
      '{ calls { nodes { missedReason missedReasonText callId caller { uri scheme displayName username domain port } } } }'
    const caller = { uri: 'sips:a@b:5061', scheme: 'sips', displayName: 'A', username: 'a', domain: 'b', port: 5061 }
    const [missedReason, missedReasonText] = version === 'V1' ? [null, null] : ['UNKNOWN', 'SomethingNew']
    expect((await client.ask(query)).calls.nodes).toEqual([{ missedReason, missedReasonText, callId: 'c', caller }])
  })
})

describe('Data that v1 lacks', () => {
  const v1 = backends.filter(({ version }) => version === 'V1')

  it.each(v1)(
    'on $name: a null selector and its rows are not listed, and its push tests are orphans',
    async ({ open }) => {
      const opened = untilTestEnds(await open())
      const client = await openClient(opened.database)
      await addSelector(opened, 1)
      await addSelector(opened, 2, { selector: null })
      for (const number of [1, 2]) {
        await addRow(opened, 'sipcalls', number, { rowid: number, time: '2026-01-01' })
        await addRow(opened, 'siptextmessages', number, { rowid: number, time: '2026-01-01' })
        await addRow(opened, 'tokens', number, { token: 't', appid: 'a' })
        await addRow(opened, 'pushtests', number, { pushid: `p${number}`, platform: 'iOS', started: '2026-01-01' })
      }
      await addRow(opened, 'pushtests', 77, { pushid: 'gone', platform: 'iOS', started: '2025-01-01' })
      await opened.sql(`INSERT INTO data (id, name) VALUES (NULL, 'nobody')`)
      const data =
        await client.ask(`{ selectors { totalCount nodes { name pushTests { totalCount nodes { pushId } } tokens { totalCount } } }
      calls { totalCount nodes { selector { name } } } messages { totalCount nodes { selector { name } } }
      pushTests { totalCount nodes { id pushId selector { name } } } }`)
      const only = { totalCount: 1, nodes: [{ selector: { name: selectorNamed(1) } }] }
      expect(data.calls).toEqual(only)
      expect(data.messages).toEqual(only)
      expect(data.selectors).toEqual({
        totalCount: 1,
        nodes: [
          {
            name: selectorNamed(1),
            pushTests: { totalCount: 1, nodes: [{ pushId: 'p1' }] },
            tokens: { totalCount: 1 },
          },
        ],
      })
      expect(data.pushTests).toMatchObject({
        totalCount: 3,
        nodes: [
          { pushId: expect.stringMatching(/p[12]/) },
          { pushId: expect.stringMatching(/p[12]/) },
          { pushId: 'gone', selector: null },
        ],
      })
      const orphans = data.pushTests.nodes.filter((node: { selector: object | null }) => node.selector === null)
      expect(orphans.map(({ pushId }: { pushId: string }) => pushId).sort()).toEqual(['gone', 'p2'])
      const ids = data.pushTests.nodes.map(({ id }: { id: string }) => id)
      const again = await client.ask(
        'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on PushTest { id pushId selector { name } } } }',
        { ids },
      )
      expect(again.nodes).toEqual(data.pushTests.nodes)
    },
  )
})

describe('Bytes that are not UTF-8 in an SQL_ASCII database', () => {
  const bytes = (hex: string) => `convert_from('\\x${hex}'::bytea, 'SQL_ASCII')`

  async function dirty(own: TestDatabase) {
    const database = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    return openClient(database)
  }

  it.each(schemaVersions)(
    'become U+FFFD only in that value on %s; all other rows and fields are served',
    async (version) => {
      const own = untilTestEnds(await cloneDatabase(version, 'SQL_ASCII'))
      const target = { version, sql: own.sql }
      for (const number of [1, 2, 3]) await addSelector(target, number, { lastseen: `2026-01-0${number}` })
      for (const number of [1, 2, 3]) {
        await addRow(target, 'sipcalls', number, {
          rowid: number,
          time: `2026-01-0${number}`,
          callid: `c${number}`,
          username: 'žluťoučký',
        })
      }
      // A truncated character, a lone continuation byte, Latin-1, and an encoded surrogate.
      await own.sql(
        `UPDATE sipcalls SET userdisplayname = ${bytes('41c3')} || 'x' || ${bytes('80e9eda080')} WHERE callid = 'c2'`,
      )
      // A selector and a push id may contain them as well.
      const odd = `${bytes('ff')} || 'odd'`
      if (version === 'V1') await own.sql(`UPDATE selectors SET selector = ${odd} WHERE id = 3`)
      else
        for (const table of ['selectors', 'sipcalls'])
          await own.sql(`UPDATE ${table} SET selector = ${odd} WHERE selector = $1`, [selectorNamed(3)])
      const client = await dirty(own)
      const data =
        await client.ask(`{ selectors { nodes { name calls { totalCount nodes { callId caller { displayName username } } } } }
      calls { nodes { callId selector { name } } } }`)
      expect(data.selectors.nodes).toEqual([
        {
          name: '\ufffdodd',
          calls: { totalCount: 1, nodes: [{ callId: 'c3', caller: { displayName: null, username: 'žluťoučký' } }] },
        },
        {
          name: selectorNamed(2),
          calls: {
            totalCount: 1,
            nodes: [
              {
                callId: 'c2',
                caller: { displayName: 'A\ufffdx\ufffd\ufffd\ufffd\ufffd\ufffd', username: 'žluťoučký' },
              },
            ],
          },
        },
        {
          name: selectorNamed(1),
          calls: { totalCount: 1, nodes: [{ callId: 'c1', caller: { displayName: null, username: 'žluťoučký' } }] },
        },
      ])
      expect(data.calls.nodes.map(({ callId }: { callId: string }) => callId)).toEqual(['c3', 'c2', 'c1'])
    },
  )

  it.each(schemaVersions)('do not hide a username from the search for its end on %s', async (version) => {
    const own = untilTestEnds(await cloneDatabase(version, 'SQL_ASCII'))
    const target = { version, sql: own.sql }
    await addSelector(target, 1)
    for (const rowid of [1, 2]) await addRow(target, 'sipcalls', 1, { rowid, time: `2026-01-0${rowid}`, username: 'x' })
    await own.sql(`UPDATE sipcalls SET username = ${bytes('ffe9')} || '_601' WHERE rowid = 1`)
    await own.sql(`UPDATE sipcalls SET username = 'ž' || ${bytes('c5')} WHERE rowid = 2`)
    const client = await dirty(own)
    const ending = async (usernameEndsWith: string) => {
      const query = `query ($end: String) { calls(filter: { caller: { usernameEndsWith: $end } }) { nodes { caller { username } } } }`
      const { calls } = await client.ask(query, { end: usernameEndsWith })
      return calls.nodes.map(({ caller }: { caller: { username: string } }) => caller.username)
    }
    expect(await ending('601')).toEqual(['\ufffd\ufffd_601'])
    expect(await ending('_601')).toEqual(['\ufffd\ufffd_601'])
    expect(await ending('%601')).toEqual([])
    expect(await ending('ž')).toEqual([])
  })

  it.each(schemaVersions)('in a selector do not skip or repeat a row in a list by name on %s', async (version) => {
    const own = untilTestEnds(await cloneDatabase(version, 'SQL_ASCII'))
    const names = ['61', '80', '81', 'c3', 'c3a9', 'efbfbd', 'f0', 'ff', '5c3031']
    for (const [index, name] of names.entries())
      await own.sql(`INSERT INTO selectors (id, selector) VALUES (${index}, ${bytes(name)})`)
    const client = await dirty(own)
    let after = ''
    const seen: string[] = []
    for (let turn = 0; turn < names.length; turn++) {
      const { selectors } = await client.ask(
        `{ selectors(first: 1, orderBy: NAME_ASC${after}) { nodes { name } pageInfo { hasNextPage endCursor } } }`,
      )
      expect(selectors.pageInfo.hasNextPage).toBe(turn < names.length - 1)
      after = `, after: "${selectors.pageInfo.endCursor}"`
      seen.push(selectors.nodes[0].name)
    }
    expect(seen).toEqual(names.toSorted().map((hex) => Buffer.from(hex, 'hex').toString()))
  })
})

describe('A hand-made v1 database in SQL_ASCII', () => {
  it('with rules, orphans, nulls, invalid bytes and a null selector is served with the results of plain SQL', async () => {
    const own = untilTestEnds(await emptyDatabase('SQL_ASCII'))
    await own.sql(await readFile('test/support/sipis-v1.sql', 'utf8'))
    await own.sql(`INSERT INTO selectors (id, selector, lastseen)
      SELECT n, upper(lpad(md5('a' || n / 3), 40, '0')) || ':' || upper(left(md5('s' || n), 8)), timestamptz '2026-11-01 00:00Z' + n * interval '1 second' / 7
      FROM generate_series(1, 50) n`)
    await own.sql(`INSERT INTO selectors (id, selector) VALUES (99, NULL)`)
    await own.sql(`INSERT INTO sipcalls (id, scheme, userdisplayname, username, domainport, callid, time)
      SELECT n % 50 + 1, CASE n % 7 WHEN 0 THEN NULL ELSE 'sip' END, CASE n % 5 WHEN 0 THEN convert_from('\\xe9ff', 'SQL_ASCII') END,
        'u' || n % 11, n % 3, 'c' || n, timestamptz '2026-11-01 00:00Z' + (n / 4) * interval '1 microsecond'
      FROM generate_series(1, 2000) n`)
    await own.sql(`INSERT INTO sipcalls (id, time) VALUES (99, now())`)
    for (let n = 0; n < 3; n++) await own.sql(`INSERT INTO tokens (id, token, appid) VALUES (1, 'again', 'app')`)
    await own.sql(`INSERT INTO pushtests (id, pushid, platform, started, concluded)
      SELECT n, 'p' || n, 'iOS', timestamp '2026-11-01' + n * interval '1 second', CASE WHEN n % 2 = 0 THEN timestamp '2026-11-02' END
      FROM generate_series(40, 70) n`)
    await own.sql(`INSERT INTO data (id, name, value) VALUES (NULL, NULL, 'x')`)
    const database = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const client = await openClient(database, { limits: { cost: 1_000_000 } })

    const data = await client.ask(`{ selectors(first: 100) { totalCount nodes { name lastSeen
      calls(first: 100) { totalCount nodes { callId time caller { scheme displayName username port } } }
      tokens { totalCount nodes { token appId } } pushTests { nodes { pushId concluded } } } }
      calls { totalCount } pushTests(first: 100) { totalCount nodes { pushId selector { name } } } }`)

    const instant = (column: string) => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
    const selectors = await own.sql(
      `SELECT id, selector, ${instant('lastseen')} FROM selectors WHERE selector IS NOT NULL ORDER BY lastseen DESC, id DESC`,
    )
    expect(data.selectors.totalCount).toBe(50)
    expect(data.selectors.nodes.map((node: Record<string, unknown>) => [node['name'], node['lastSeen']])).toEqual(
      selectors.map(([, ...rest]) => rest),
    )
    for (const [index, [id]] of selectors.entries()) {
      const { calls, pushTests } = data.selectors.nodes[index]
      const rows = await own.sql(
        `SELECT callid, ${instant('time')}, scheme, userdisplayname IS NULL, username, domainport
        FROM sipcalls WHERE id = $1 ORDER BY time DESC, rowid DESC`,
        [id],
      )
      expect(calls.totalCount).toBe(rows.length)
      expect(calls.nodes).toEqual(
        rows.map(([callId, time, scheme, noName, username, port]) => ({
          callId,
          time,
          caller: {
            scheme,
            displayName: noName === 't' ? null : '\ufffd\ufffd',
            username,
            port: port === '0' ? null : Number(port),
          },
        })),
      )
      const tests = await own.sql('SELECT pushid, concluded IS NULL FROM pushtests WHERE id = $1', [id])
      expect(
        pushTests.nodes.map((node: Record<string, unknown>) => [
          node['pushId'],
          node['concluded'] === null ? 't' : 'f',
        ]),
      ).toEqual(tests)
    }
    expect(data.calls.totalCount).toBe(2000)
    const one = data.selectors.nodes.find((node: { tokens: { totalCount: number } }) => node.tokens.totalCount > 0)
    expect(one.tokens).toEqual({ totalCount: 1, nodes: [{ token: 'again', appId: 'app' }] })
    expect(data.pushTests.totalCount).toBe(31)
    const orphans = data.pushTests.nodes.filter((node: { selector: object | null }) => node.selector === null)
    expect(orphans.map(({ pushId }: { pushId: string }) => pushId)).toEqual(
      Array.from({ length: 20 }, (_, n) => `p${70 - n}`),
    )
  })
})

describe.each(backends)('A null that the schema of SIPIS forbids, on $name', ({ open }) => {
  it('is an INTERNAL error of its list for any number of requests, and every request is answered', async () => {
    const own = untilTestEnds(await open())
    await own.sql('ALTER TABLE tokens ALTER appid DROP NOT NULL')
    await addSelector(own, 1)
    await addRow(own, 'tokens', 1, { token: 'x', appid: null })
    const client = await openClient(own.database)
    for (let time = 0; time < 6; time++) {
      const { data, errors } = await client.answer(
        '{ viewer { name } selectors { nodes { tokens { nodes { appId } } } } }',
      )
      expect(data).toEqual({ viewer: { name: 'open' }, selectors: { nodes: [{ tokens: null }] } })
      expect(errors).toMatchObject([
        { path: ['selectors', 'nodes', 0, 'tokens', 'nodes'], extensions: { code: 'INTERNAL' } },
      ])
    }
  })

  it('fails the list of its selector alone, though one statement reads those of all', async () => {
    const own = untilTestEnds(await open())
    await own.sql('ALTER TABLE tokens ALTER appid DROP NOT NULL')
    for (const n of [1, 2]) await addSelector(own, n)
    await addRow(own, 'tokens', 1, { token: 'x', appid: null })
    await addRow(own, 'tokens', 2, { token: 'y', appid: 'app' })
    const client = await openClient(own.database)
    const { data, errors } = await client.answer('{ selectors { nodes { tokens { nodes { appId } } } } }')
    expect(data.selectors.nodes).toHaveLength(2)
    expect(data.selectors.nodes).toEqual(
      expect.arrayContaining([{ tokens: null }, { tokens: { nodes: [{ appId: 'app' }] } }]),
    )
    expect(errors).toHaveLength(1)
  })

  it('fails its object alone among those of a list of ids', async () => {
    const own = untilTestEnds(await open())
    await own.sql('ALTER TABLE tokens ALTER appid DROP NOT NULL')
    for (const n of [1, 2]) await addSelector(own, n)
    for (const n of [1, 2]) await addRow(own, 'tokens', n, { token: `t${n}`, appid: 'app' })
    const client = await openClient(own.database)
    const { data: before } = await client.answer('{ selectors { nodes { tokens { nodes { id token } } } } }')
    const tokens = before.selectors.nodes.flatMap((one: { tokens: { nodes: object[] } }) => one.tokens.nodes)
    const ids = ['t1', 't2'].map((token) => tokens.find((one: { token: string }) => one.token === token).id)
    await own.sql("UPDATE tokens SET appid = NULL WHERE token = 't1'")
    const { data, errors } = await client.answer(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Token { token } } }',
      { ids },
    )
    expect(data.nodes).toEqual([null, { token: 't2' }])
    expect(errors).toMatchObject([{ path: ['nodes', 0], extensions: { code: 'INTERNAL' } }])
  })
})
