import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addDataSet, addRow, addSelector, selectorNamed } from '../support/rows.ts'

describe.each(backends)('The tokens of all selectors on $name', ({ open, name }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 30, calls: 1 })
    await addSelector(opened, 1_001)
    await addRow(opened, 'tokens', 1_001, { rowid: 9_001, token: 'ž 1', appid: 'a', lastseen: null })
    await addRow(opened, 'tokens', 1_001, { rowid: 9_002, token: 'ž 2', appid: 'a', lastseen: 'infinity' })
    await addRow(opened, 'tokens', 1_001, { rowid: 9_003, token: 'ž 3', appid: 'a', lastseen: '-infinity' })
    if (name.includes('SQL_ASCII'))
      await opened.sql(`UPDATE tokens SET token = convert_from('\\x41ff42', 'SQL_ASCII') WHERE rowid = 9003`)
    client = await openClient(opened.database, {
      limits: unlimited,
      authenticate: authenticateAs([
        tool('reader', 'sipis:read'),
        tool('pusher', 'sipis:read', 'sipis:tokens'),
        device('device', selectorNamed(1_001)),
      ]),
    })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const find = async (filter: object, credential = 'reader') => {
    const { tokens } = await client.ask(
      `query ($filter: TokenFilter) { tokens(filter: $filter, first: 100) { totalCount nodes { fingerprint appId selector { name } } } }`,
      { filter },
      credential,
    )
    expect(tokens.nodes).toHaveLength(tokens.totalCount)
    return tokens.nodes.map((node: { fingerprint: string }) => node.fingerprint)
  }

  const inSql = async (condition: string) => {
    const link = opened.version === 'V1' ? 'id' : 'selector'
    const bytes = `convert_to(token, '${name.includes('SQL_ASCII') ? 'SQL_ASCII' : 'UTF8'}')`
    const found = await opened.sql(
      `SELECT substr(encode(sha256(${bytes}), 'hex'), 1, 16) FROM tokens JOIN selectors USING (${link}) WHERE ${condition.replaceAll('lastseen', 'tokens.lastseen')} ORDER BY rowid`,
    )
    return found.flat()
  }

  it.each([
    [{}, 'true'],
    [{ appId: 'com.example.phone.android' }, `appid = 'com.example.phone.android'`],
    [{ appId: '' }, 'false'],
    [{ neverSeen: true }, 'lastseen IS NULL'],
    [{ neverSeen: false }, 'lastseen IS NOT NULL'],
    [{ lastSeenUntil: '2026-11-10T00:00:00Z' }, `lastseen < '2026-11-10 00:00Z'`],
    [{ lastSeenUntil: '2026-11-10T00:00:00Z', appId: 'a' }, `lastseen < '2026-11-10 00:00Z' AND appid = 'a'`],
    [{ lastSeenUntil: '2026-11-10T00:00:00Z', neverSeen: true }, 'false'],
  ])('by %j are those of plain SQL, in their order', async (filter, condition) => {
    const wanted = await inSql(condition)
    expect(await find(filter)).toEqual(wanted)
  })

  it('are found by fingerprint in either case, and by the whole SHA-256', async () => {
    const sha256 = createHash('sha256').update('ž 2').digest('hex')
    const short = sha256.slice(0, 16)
    for (const given of [short, short.toUpperCase(), ` ${short}\n`, sha256, sha256.toUpperCase()])
      expect(await find({ fingerprint: given })).toEqual([short])
    expect(await find({ fingerprint: `${short}${'0'.repeat(48)}` })).toEqual([])
    expect(await find({ fingerprint: short, appId: 'b' })).toEqual([])
    for (const given of ['', short.slice(1), `${short}0`, 'ž'.repeat(16), '%%%%%%%%%%%%%%%%']) {
      const { errors } = await client.answer(
        'query ($filter: TokenFilter) { tokens(filter: $filter) { nodes { id } } }',
        { filter: { fingerprint: given } },
        'reader',
      )
      expect(errors).toMatchObject([
        { path: ['tokens'], extensions: { code: 'BAD_USER_INPUT', argument: ['filter', 'fingerprint'] } },
      ])
    }
  })

  it('come page by page, with cursors that the lists of selectors share', async () => {
    const seen: string[] = []
    let after: string | null = null
    do {
      const {
        tokens,
      }: { tokens: { nodes: { fingerprint: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } } =
        await client.ask(
          'query ($after: String) { tokens(first: 9, after: $after) { nodes { fingerprint } pageInfo { endCursor hasNextPage } } }',
          { after },
          'reader',
        )
      seen.push(...tokens.nodes.map(({ fingerprint }) => fingerprint))
      after = tokens.pageInfo.hasNextPage ? tokens.pageInfo.endCursor : null
    } while (after !== null)
    expect(seen).toEqual(await inSql('true'))
  })

  it('are in clear only with sipis:tokens, and none of a device', async () => {
    const query = '{ tokens(filter: { appId: "a" }) { nodes { token } } }'
    const given = (await client.ask(query, {}, 'pusher')).tokens.nodes.map(({ token }: { token: string }) => token)
    expect(given.slice(0, 2)).toEqual(['ž 1', 'ž 2'])
    client.statements()
    const { data, errors = [] } = await client.answer(query, {}, 'reader')
    expect(data.tokens.nodes).toEqual([{ token: null }, { token: null }, { token: null }])
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'])
    expect(client.statements().every(({ text }) => text.includes('NULL::text'))).toBe(true)
    expect((await client.answer(query, {}, 'device')).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    expect(client.statements()).toEqual([])
  })
})
