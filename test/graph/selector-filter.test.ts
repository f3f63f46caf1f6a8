import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends, cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { dirtyDatabase, fill as fillDirty } from '../support/dirty.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { asRole } from '../support/roles.ts'
import { addDataSet, addRow, addSelector, selectorNamed } from '../support/rows.ts'

const allowedSettings = ['username', 'host', 'žluť']
const principals = [
  tool('reader', 'sipis:read'),
  tool('support', 'sipis:read', 'sipis:settings'),
  device('device', selectorNamed(1_001), 'sipis:settings'),
]
const options = { limits: unlimited, allowedSettings, authenticate: authenticateAs(principals) }

const asked = 'query ($f: SelectorFilter) { selectors(filter: $f, first: 100) { totalCount nodes { name } } }'

const finding = (client: Client) => async (filter: object) => {
  const { selectors } = await client.ask(asked, { f: filter }, 'support')
  expect(selectors.nodes).toHaveLength(selectors.totalCount)
  return selectors.nodes.map(({ name }: { name: string }) => name)
}

describe.each(backends)('Selectors on $name', ({ open, version }) => {
  let opened: Opened
  let client: Client
  let find: ReturnType<typeof finding>
  const link = version === 'V1' ? 'id' : 'selector'
  const keyOf = (n: number) => (version === 'V1' ? n : selectorNamed(n))
  const own = (...numbers: number[]) => numbers.map(selectorNamed)

  const addSetting = (rowid: number, n: number, setting: string, value: string | null, longvalue: string | null) =>
    opened.sql(`INSERT INTO data (rowid, ${link}, name, value, longvalue) VALUES ($1, $2, $3, $4, $5)`, [
      rowid,
      keyOf(n),
      setting,
      value,
      longvalue,
    ])

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 30, calls: 3 })
    // The highest number was seen last, and comes first.
    for (const n of [1_001, 1_002, 1_003, 1_004])
      await addSelector(opened, n, { lastseen: `2027-01-01 00:00:0${1_010 - n}Z` })
    await addSetting(9_001, 1_001, 'username', 'alice', null)
    await addSetting(9_002, 1_001, 'host', 'sip.example.com', null)
    await addSetting(9_005, 1_002, 'username', 'old', null)
    await addSetting(9_006, 1_002, 'username', 'short', 'alice')
    await addSetting(9_007, 1_002, 'host', 'other.example.com', null)
    await addSetting(9_009, 1_003, 'username', 'bob', null)
    await addSetting(9_008, 1_003, 'username', 'alice', null)
    await addSetting(9_010, 1_001, 'password', 'secret', null)
    await addSetting(9_011, 1_004, 'žluť', 'oučký %', null)
    await addSetting(9_012, 1_004, 'host', null, null)
    for (const [rowid, n, username, domain, time] of [
      [9_001, 1_001, '+420601234567', 'a.example', '2026-12-01'],
      [9_002, 1_002, '601234567', 'A.example', '2026-12-02'],
      [9_003, 1_003, '601234567', 'b.example', '2026-12-03'],
    ] as const)
      await addRow(opened, 'sipcalls', n, { rowid, username, domain, time: `${time} 00:00:00Z` })
    // 1001: two after the last answer; 1002: three without any answer; 1003: none after it.
    for (const [rowid, n, started, concluded] of [
      [9_001, 1_001, '2026-12-01', null],
      [9_002, 1_001, '2026-12-02', '2026-12-02'],
      [9_003, 1_001, '2026-12-03', null],
      [9_004, 1_001, '2026-12-04', null],
      [9_005, 1_002, '-infinity', null],
      [9_006, 1_002, '2026-12-01', null],
      [9_007, 1_002, 'infinity', null],
      [9_008, 1_003, '2026-12-01', null],
      [9_009, 1_003, '2026-12-02', '2026-12-02'],
    ] as const)
      await addRow(opened, 'pushtests', n, { rowid, pushid: `p${rowid}`, platform: 'iOS', started, concluded })
    for (const n of [1_001, 1_003]) await addRow(opened, 'tokens', n, { rowid: n, token: `token ${n}`, appid: 'app' })
    const server = async (rowid: number, n: number, value: string) =>
      version === 'V1'
        ? opened.sql(
            `INSERT INTO restart (rowid, id, name, seq, server) VALUES ($1::bigint, $2, 'x', $1::bigint, $3)`,
            [rowid, n, value],
          )
        : opened.sql(
            `INSERT INTO restart (rowid, selector, name, seq, value) VALUES ($1::bigint, $2, 'server', $1::bigint, $3)`,
            [rowid, selectorNamed(n), value],
          )
    await server(9_001, 1_001, 'Sipis1')
    await server(9_003, 1_002, 'Sipis2')
    await server(9_002, 1_002, 'Sipis1')
    await server(9_004, 1_003, 'Sipis1')
    client = await openClient(opened.database, options)
    find = finding(client)
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  it('are found by settings, all of them, of which the newest entry counts', async () => {
    const by = (...settings: [string, string][]) =>
      find({ settings: settings.map(([name, value]) => ({ name, value })) })
    expect(await by(['username', 'alice'])).toEqual(own(1_001, 1_002))
    expect(await by(['username', 'alice'], ['host', 'sip.example.com'])).toEqual(own(1_001))
    expect(await by(['username', 'alice'], ['username', 'bob'])).toEqual([])
    for (const none of ['old', 'short', 'Alice', ' alice', '%', '']) expect(await by(['username', none])).toEqual([])
    expect(await by(['username', 'bob'])).toEqual(own(1_003))
    expect(await by(['žluť', 'oučký %'])).toEqual(own(1_004))
    expect(await find({ settings: [] })).toEqual([])
    expect(await find({ settings: null })).toHaveLength(34)
  })

  it('are not found by a setting that is not allowed, whether or not it exists', async () => {
    const refused = async (setting: string, value: string, credential = 'support') => {
      const f = {
        settings: [
          { name: 'username', value: 'alice' },
          { name: setting, value },
        ],
      }
      client.statements()
      const answer = await client.answer(asked, { f }, credential)
      expect(client.statements()).toEqual([])
      return answer
    }
    const right = await refused('password', 'secret')
    expect(right).toMatchObject({
      data: { selectors: null },
      errors: [
        {
          path: ['selectors'],
          extensions: { code: 'BAD_USER_INPUT', argument: ['filter', 'settings', 1, 'name'] },
        },
      ],
    })
    for (const [setting, value] of [
      ['password', 'wrong'],
      ['unknown', 'secret'],
      ['Username', 'alice'],
      ['', ''],
    ] as const)
      expect(await refused(setting, value)).toEqual(right)
    for (const credential of ['reader', 'device']) {
      const { errors } = await refused('username', 'alice', credential)
      expect(errors).toMatchObject([{ path: ['selectors'], extensions: { code: 'FORBIDDEN' } }])
      expect(await refused('password', 'secret', credential)).toEqual(await refused('unknown', '', credential))
    }
    const { errors } = await client.answer(asked, { f: { settings: [] } }, 'reader')
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN', requires: ['sipis:settings'] } }])
    const many = Array.from({ length: 11 }, () => ({ name: 'username', value: 'alice' }))
    expect((await client.answer(asked, { f: { settings: many } }, 'support')).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', argument: ['filter', 'settings'] } },
    ])
    expect(await find({ settings: many.slice(1) })).toEqual(own(1_001, 1_002))
  })

  it('are found as installations of another', async () => {
    expect(await find({ installationsOf: selectorNamed(1_002) })).toEqual(own(1_001, 1_003, 1_004))
    expect(await find({ installationsOf: ` ${selectorNamed(1_002)}\n` })).toEqual(own(1_001, 1_003, 1_004))
    expect(await find({ installationsOf: selectorNamed(7) })).toEqual(own(1_001, 1_002, 1_003, 1_004))
    expect(await find({ installationsOf: selectorNamed(1).slice(0, 40) })).toHaveLength(4)
    for (const none of ['', ' ', '%', selectorNamed(1).slice(0, 39), selectorNamed(1).toLowerCase()])
      expect(await find({ installationsOf: none })).toEqual([])
  })

  it('are found by prefix with blanks around it, and in lower case', async () => {
    const whole = selectorNamed(1_001)
    for (const prefix of [whole, whole.toLowerCase(), ` ${whole} `, `\t${whole.toLowerCase()}\n`])
      expect(await find({ prefix })).toEqual([whole])
    for (const prefix of [whole.slice(0, 40), whole.slice(0, 40).toLowerCase(), `${whole.slice(0, 8).toLowerCase()} `])
      expect(await find({ prefix })).toEqual(own(1_001, 1_002, 1_003, 1_004))
    expect(await find({ prefix: '' })).toHaveLength(34)
    for (const prefix of [' ', '12869g', `${whole.slice(0, 40).toLowerCase()}:x`])
      expect(await find({ prefix })).toEqual([])
  })

  it('are found by server, of which the newest entry counts', async () => {
    expect(await find({ server: 'Sipis1' })).toEqual(own(1_001, 1_003))
    expect(await find({ server: 'Sipis2' })).toEqual(own(1_002))
    for (const none of ['', 'sipis1', 'Sipis']) expect(await find({ server: none })).toEqual([])
  })

  it('are found by tokens', async () => {
    const sha256 = createHash('sha256').update('token 1003').digest('hex')
    for (const tokenFingerprint of [sha256.slice(0, 16), sha256, ` ${sha256.toUpperCase()}`])
      expect(await find({ tokenFingerprint })).toEqual(own(1_003))
    expect(await find({ tokenFingerprint: '0'.repeat(16) })).toEqual([])
    const inSql = async (exists: string) =>
      (
        await opened.sql(
          `SELECT selector FROM selectors AS s WHERE ${exists} (SELECT FROM tokens AS t WHERE t.${link} = s.${link}) ORDER BY lastseen DESC, id DESC`,
        )
      ).flat()
    expect(await find({ hasToken: true })).toEqual(await inSql('EXISTS'))
    expect(await find({ hasToken: false })).toEqual(await inSql('NOT EXISTS'))
    expect(await find({ hasToken: false, tokenFingerprint: sha256 })).toEqual([])
    const { errors } = await client.answer(asked, { f: { tokenFingerprint: 'x' } }, 'reader')
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: ['filter', 'tokenFingerprint'] } }])
  })

  it('are found by push tests that were not answered since the last answer', async () => {
    const least = async (unansweredPushTests: number) =>
      await find({ unansweredPushTests, prefix: selectorNamed(1).slice(0, 40) })
    expect(await least(1)).toEqual(own(1_001, 1_002))
    expect(await least(2)).toEqual(own(1_001, 1_002))
    expect(await least(3)).toEqual(own(1_002))
    expect(await least(4)).toEqual([])
    const { errors } = await client.answer(asked, { f: { unansweredPushTests: 0 } }, 'reader')
    expect(errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', argument: ['filter', 'unansweredPushTests'] } },
    ])
  })

  it('are found by their callers since a time', async () => {
    const since = '2026-12-01T00:00:00Z'
    const by = (calledBy: object) => find({ calledBy: { since, ...calledBy } })
    expect(await by({ usernameEndsWith: '601234567' })).toEqual(own(1_001, 1_002, 1_003))
    expect(await by({ username: '601234567' })).toEqual(own(1_002, 1_003))
    expect(await by({ usernameEndsWith: '601234567', domain: 'a.EXAMPLE' })).toEqual(own(1_001, 1_002))
    expect(await by({ usernameEndsWith: '601234567', since: '2026-12-03T00:00:00Z' })).toEqual(own(1_003))
    expect(await by({ usernameEndsWith: '%' })).toEqual([])
    const inSql = await opened.sql(
      `SELECT selector FROM selectors AS s WHERE EXISTS (SELECT FROM sipcalls AS c WHERE c.${link} = s.${link} AND time >= $1) ORDER BY lastseen DESC, id DESC`,
      ['2026-11-10 00:00:00Z'],
    )
    expect(await find({ calledBy: { since: '2026-11-10T00:00:00Z' } })).toEqual(inSql.flat())
  })

  it('are found by all conditions together, in one statement for a page', async () => {
    client.statements()
    const all = {
      prefix: '12869E',
      suffix: selectorNamed(1_001).slice(40),
      appId: 'app',
      lastSeenSince: '2027-01-01T00:00:00Z',
      settings: [
        { name: 'username', value: 'alice' },
        { name: 'host', value: 'sip.example.com' },
      ],
      installationsOf: selectorNamed(5),
      server: 'Sipis1',
      hasToken: true,
      unansweredPushTests: 2,
      tokenFingerprint: createHash('sha256').update('token 1001').digest('hex'),
      calledBy: { since: '2026-12-01T00:00:00Z', usernameEndsWith: '567' },
    }
    expect(await find(all)).toEqual(own(1_001))
    expect(client.statements()).toHaveLength(2)
    for (const [condition, value] of Object.entries({
      suffix: '0',
      server: 'Sipis2',
      hasToken: false,
      unansweredPushTests: 3,
    }))
      expect(await find({ ...all, [condition]: value })).toEqual([])
    expect(client.log.filter((line) => line.includes('"level":50'))).toEqual([])
  })
})

describe.each(['V1', 'V2'] as const)('Selectors on %s by a table that the role may not read', (version) => {
  it('are refused: by server as NOT_SUPPORTED, by a setting as FORBIDDEN', async () => {
    const own = untilTestEnds(await cloneDatabase(version))
    const role = await asRole(own)
    await own.sql(`GRANT SELECT ON selectors, tokens, sipcalls, siptextmessages, pushtests TO ${role.name}`)
    const database = openReader(role.url)
    const client = await openClient(database, options)
    const codes = async (f: object) =>
      (await client.answer(asked, { f }, 'support')).errors?.map(({ extensions }) => extensions.code)
    const found = [
      await codes({ server: 'x' }),
      await codes({ settings: [{ name: 'host', value: 'x' }] }),
      await codes({}),
    ]
    await client[Symbol.asyncDispose]()
    await database.close()
    expect(found).toEqual([['NOT_SUPPORTED'], ['FORBIDDEN'], undefined])
  })
})

describe('Selectors of dirty databases', () => {
  it('are those that plain SQL finds', async () => {
    await fc.assert(
      fc.asyncProperty(dirtyDatabase, async (dirty) => {
        await using own = await cloneDatabase('V1', dirty.source === 'UTF8' ? 'UTF8' : 'SQL_ASCII')
        await fillDirty(own, { ...dirty, source: dirty.source === 'UTF8' ? 'UTF8' : 'SQL_ASCII' })
        const database = openReader(own.url)
        const client = await openClient(database, options)
        const counted = async (filter: object) =>
          (
            await client.ask(
              'query ($f: SelectorFilter) { selectors(filter: $f) { totalCount } }',
              { f: filter },
              'support',
            )
          ).selectors.totalCount
        const inSql = async (condition: string) =>
          Number(
            (
              await own.sql(`SELECT count(*) FROM selectors AS s WHERE selector IS NOT NULL AND (${condition})`)
            )[0]?.[0],
          )
        const any = (table: string, condition: string) =>
          `EXISTS (SELECT FROM ${table} AS x WHERE x.id = s.id AND ${condition})`
        const compared: [object, string][] = [
          [{ hasToken: true }, any('tokens', 'true')],
          [{ hasToken: false }, `NOT ${any('tokens', 'true')}`],
          [
            { calledBy: { since: '2026-01-01T00:00:00.000001Z' } },
            any('sipcalls', `time >= '2026-01-01 00:00:00.000001Z'`),
          ],
          [
            { calledBy: { since: '0001-01-01T00:00:00Z', username: '' } },
            any('sipcalls', `time >= '0001-01-01' AND coalesce(username, '') = ''`),
          ],
          ...[1, 2, 3].map((n): [object, string] => [
            { unansweredPushTests: n },
            `(SELECT count(*) FROM pushtests AS x WHERE x.id = s.id AND concluded IS NULL AND NOT EXISTS (
              SELECT FROM pushtests AS y WHERE y.id = x.id AND y.concluded IS NOT NULL AND y.started >= x.started)) >= ${n}`,
          ]),
          ...[' ', '\t', '=', ''].map((server): [object, string] => [
            { server },
            `(SELECT server FROM restart AS x WHERE x.id = s.id AND server IS NOT NULL ORDER BY rowid DESC LIMIT 1) = E'${server}'`,
          ]),
        ]
        const found = []
        const wanted = []
        for (const [filter, condition] of compared) {
          found.push([filter, await counted(filter)])
          wanted.push([filter, await inSql(condition)])
        }
        const { selectors } = await client.ask(
          '{ selectors { nodes { server installations { totalCount } } } }',
          {},
          'support',
        )
        await client[Symbol.asyncDispose]()
        await database.close()
        expect(found).toEqual(wanted)
        const facts =
          await own.sql(`SELECT (SELECT count(*) FROM selectors AS o WHERE left(o.selector, 40) = left(s.selector, 40) AND o.selector <> s.selector)
          FROM selectors AS s WHERE selector IS NOT NULL ORDER BY lastseen DESC, id DESC`)
        expect(
          selectors.nodes.map(
            ({ installations }: { installations: { totalCount: number } }) => installations.totalCount,
          ),
        ).toEqual(facts.map(([count]) => Number(count)))
      }),
      { numRuns: 12 },
    )
  })
})
