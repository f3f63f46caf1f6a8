import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Statement } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import { BadInput } from '../../src/loaders/bad-input.ts'
import type { Condition } from '../../src/loaders/condition.ts'
import type { CallFilter, MessageFilter, PushTestFilter } from '../../src/loaders/filters.ts'
import { callConditions, messageConditions, pushTestConditions } from '../../src/loaders/filters.ts'
import type { Order, PageArguments } from '../../src/loaders/keyset.ts'
import { windowOf } from '../../src/loaders/keyset.ts'
import type { Loaders } from '../../src/loaders/loaders.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import { recordNamedSelectors } from '../../src/loaders/record-named-selectors.ts'
import type { SelectorFilter } from '../../src/loaders/selector-filters.ts'
import type { Usage } from '../../src/loaders/usage.ts'
import { createUsage } from '../../src/loaders/usage.ts'
import { detect } from '../../src/sipis/detect.ts'
import type { Projection, Rows, SelectorRow } from '../../src/sipis/projection.ts'
import { projectionOf } from '../../src/sipis/versions.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

/** Encodings and the embedded database make no difference here; graph/ and look-ups.test.ts cover all of them. */
const servers = backends.filter(({ name }) => name.endsWith('UTF8'))
const [one, two, three] = [selectorNamed(1), selectorNamed(2), selectorNamed(3)]
const start = '2026-01-02T00:00:00Z'

async function fill(opened: Opened): Promise<void> {
  for (const number of [1, 2, 3]) await addSelector(opened, number, { lastseen: `2026-01-0${number} 00:00:00Z` })
  for (const [rowid, number, username, missedreason] of [
    [1, 1, 'ann', 'Missed'],
    [2, 1, 'bob', 'AnsweredElsewhere'],
    [3, 2, 'ann', 'New word'],
    [4, 1, 'ann', 'Missed'],
  ] as const) {
    const time = `2026-01-0${rowid} 00:00:00Z`
    const peer = { username, domain: `${username}.example` }
    await addRow(opened, 'sipcalls', number, { rowid, ...peer, callid: `call ${rowid}`, missedreason, time })
    const body = 'b'.repeat(rowid)
    const contenttype = rowid === 1 ? 'text/plain' : 'text/html'
    const headers = `<headers${rowid}/>`
    await addRow(opened, 'siptextmessages', number, { rowid, ...peer, contenttype, headers, body, time })
    await addRow(opened, 'tokens', number, { rowid, token: `token ${rowid}`, appid: `app ${username}` })
  }
  for (const [rowid, number, platform, concluded] of [
    [1, 1, 'ios', '2026-01-09'],
    [2, 1, 'android', null],
    [3, 99, 'ios', null],
  ] as const) {
    const pushid = `push ${rowid}`
    await addRow(opened, 'pushtests', number, { rowid, pushid, platform, started: `2026-01-0${rowid}`, concluded })
  }
  const link = opened.version === 'V1' ? ['id', 1] : ['selector', one]
  await opened.sql(
    `INSERT INTO data (rowid, ${link[0]}, name, value) VALUES
    (1, $1, 'title', 'old'), (2, $1, 'title', 'new'), (3, $1, 'host', 'h')`,
    [link[1]],
  )
}

describe.each(servers)('The readers on $name', ({ open }) => {
  let opened: Opened
  let projection: Projection
  let usage: Usage
  let loaders: Loaders
  let owners: SelectorRow[]
  const ran: Statement[] = []

  const openAll = (readTokens = true) =>
    createLoaders(
      {
        query(statement, signal) {
          ran.push(render(statement))
          return opened.database.query(statement, signal)
        },
        close: () => opened.database.close(),
      },
      projection,
      { usage, readTokens },
    )

  beforeAll(async () => {
    opened = await open()
    await fill(opened)
    projection = projectionOf(opened.version, { ...(await detect(opened.database)), timeZone: 'UTC' })
  })
  afterAll(() => opened[Symbol.asyncDispose]())
  beforeEach(async () => {
    usage = createUsage(1_000_000)
    loaders = openAll()
    owners = []
    for (const name of [one, two, three]) {
      const owner = await loaders.selectors.byName(name)
      if (owner !== null) owners.push(owner)
    }
    ran.length = 0
  })

  const query = <Row>({ order }: Rows<Row>, conditions: readonly Condition[] = [], page: PageArguments = {}) => ({
    conditions,
    window: windowOf({ name: 'calls', columns: order, descending: false }, page),
    signature: JSON.stringify([conditions.map(({ shape, values }) => [shape, values]), page]),
  })
  const callsWhere = (filter: CallFilter) =>
    callConditions(projection.calls.columns, filter, ['Missed', 'AnsweredElsewhere'])

  describe('of selectors', () => {
    const order = (): Order<SelectorRow> => ({
      name: 'selectorsByName',
      columns: projection.selectors.order,
      descending: false,
    })
    const found = async (filter: SelectorFilter, page: PageArguments = {}) => {
      const { rows } = await loaders.selectors.page(filter, windowOf(order(), page))
      expect(await loaders.selectors.count(filter)).toBe(rows.length)
      return rows.map(({ selector }) => selector)
    }

    it('find one by name, and several in one statement', async () => {
      const fresh = openAll()
      const names = [two, 'none', one]
      expect((await Promise.all(names.map(fresh.selectors.byName))).map((row) => row?.selector)).toEqual([
        two,
        undefined,
        one,
      ])
      expect(await openAll().selectors.byName('none')).toBeNull()
      expect(ran).toHaveLength(2)
      for (const { lookUp } of ran) expect(lookUp).toMatchObject({ lane: 'calls' })
    })

    it('find those that match a filter', async () => {
      expect(await found({})).toEqual([one, two, three])
      expect(await found({ prefix: one })).toEqual([one])
      expect(await found({ prefix: one.slice(0, 40) })).toHaveLength(3)
      expect(await found({ prefix: '%' })).toEqual([])
      expect(await found({ prefix: one.replace('6', '_') })).toEqual([])
      expect(await found({ suffix: '00000002' })).toEqual([two])
      expect(await found({ suffix: ':00000002' })).toEqual([two])
      expect(await found({ appId: 'app ann' })).toEqual([one, two])
      expect(await found({ appId: 'app bob' })).toEqual([one])
      expect(await found({ lastSeenSince: start })).toEqual([two, three])
      expect(await found({ lastSeenUntil: start })).toEqual([one])
      expect(await found({ lastSeenSince: start, lastSeenUntil: '2026-01-03T00:00:00Z' })).toEqual([two])
    })

    it('use named statements for pages of usual sizes only', async () => {
      for (const first of [10, 20, 2]) await loaders.selectors.page({}, windowOf(order(), { first }))
      await loaders.selectors.page({ prefix: one }, windowOf(order(), { first: 10 }))
      await loaders.selectors.count({})
      const [ten, twenty, unusual, filtered, count] = ran
      expect(ten).toMatchObject({
        name: expect.any(String),
        text: expect.stringMatching(/LIMIT 11$/),
        lookUp: undefined,
      })
      expect(twenty?.name).not.toBe(ten?.name)
      expect(unusual).toMatchObject({ name: undefined, values: [3] })
      expect(filtered?.name).toBeUndefined()
      expect(count).toMatchObject({ name: undefined, lookUp: undefined })
    })

    it('return complete rows, by name and by page', async () => {
      const [owner] = owners
      expect(owner).toMatchObject({ id: '1', selector: one, exact: one, lastSeen: '2026-01-01 00:00:00+00' })
      expect((await loaders.selectors.page({}, windowOf(order(), { first: 1 }))).rows[0]).toMatchObject({ ...owner })
      expect(ran[0]?.values).toEqual([2])
      const last = await loaders.selectors.page({}, windowOf(order(), { last: 1 }))
      expect(last.rows[0]?.selector).toBe(three)
    })

    it('look up a single name with a comparison instead of a join', async () => {
      await openAll().selectors.byName(one)
      expect(ran[0]?.text).not.toContain('unnest')
    })

    it('reject a name that the database cannot store', async () => {
      await expect(loaders.selectors.byName('a\0')).rejects.toThrow(BadInput)
      expect(ran).toEqual([])
    })

    it('record each selector whose data was read', async () => {
      expect([...usage.selectors]).toEqual([one, two, three])
      usage.selectors.clear()
      await loaders.selectors.page({ suffix: '00000003' }, windowOf(order(), {}))
      await loaders.calls.page(query(projection.calls, callsWhere({ caller: { username: 'bob' } })))
      expect([...usage.selectors]).toEqual([three, one])
    })
  })

  describe('of rows', () => {
    const calls = async (filter: CallFilter, page: PageArguments = {}) => {
      const asked = query(projection.calls, callsWhere(filter), page)
      const { rows } = await loaders.calls.page(asked)
      expect(await loaders.calls.count(asked)).toBe(rows.length)
      return rows.map(({ rowid, owner }) => [rowid, owner.selector])
    }

    it('return the rows of all selectors with their owners', async () => {
      expect(await calls({})).toEqual([
        ['1', one],
        ['2', one],
        ['3', two],
        ['4', one],
      ])
    })

    it('return those that match a filter', async () => {
      const rowids = async (filter: CallFilter) => (await calls(filter)).map(([rowid]) => rowid)
      expect(await rowids({ since: start })).toEqual(['2', '3', '4'])
      expect(await rowids({ until: start })).toEqual(['1'])
      expect(await rowids({ caller: { username: 'ann' } })).toEqual(['1', '3', '4'])
      expect(await rowids({ caller: { domain: 'bob.example' } })).toEqual(['2'])
      expect(await rowids({ caller: { username: 'ann', domain: 'bob.example' } })).toEqual([])
      if (opened.version === 'V1') return
      expect(await rowids({ missedReasons: ['Missed'] })).toEqual(['1', '4'])
      expect(await rowids({ missedReasons: ['Missed', null] })).toEqual(['1', '3', '4'])
      expect(await rowids({ missedReasons: [null] })).toEqual(['3'])
      expect(await rowids({ missedReasons: [] })).toEqual([])
      expect(await rowids({ missedReasons: null })).toHaveLength(4)
    })

    it('filter messages and push tests by their own columns', async () => {
      const messages = async (filter: MessageFilter) => {
        const asked = query(projection.messages, messageConditions(projection.messages.columns, filter))
        return (await loaders.messages.page(asked)).rows.map(({ rowid }) => rowid)
      }
      expect(await messages({ contentType: 'text/html', sender: { username: 'ann' } })).toEqual(['3', '4'])
      expect(await messages({ sender: { domain: 'bob.example' } })).toEqual(['2'])
      expect(await messages({ since: start, until: '2026-01-03T00:00:00Z' })).toEqual(['2'])
      const pushTests = async (filter: PushTestFilter) => {
        const asked = query(projection.pushTests, pushTestConditions(projection.pushTests, filter))
        return (await loaders.pushTests.page(asked)).rows.map(({ pushId, owner }) => [pushId, owner?.selector])
      }
      const [first, second, orphan] = [
        ['push 1', one],
        ['push 2', one],
        ['push 3', undefined],
      ]
      expect(await pushTests({})).toEqual([first, second, orphan])
      expect(await pushTests({ isConcluded: true })).toEqual([first])
      expect(await pushTests({ selectorName: one, isConcluded: false })).toEqual([second])
      expect(await pushTests({ isConcluded: false })).toEqual([second, orphan])
      expect(await pushTests({ platform: 'ios' })).toEqual([first, orphan])
      expect(await pushTests({ since: start })).toEqual([second, orphan])
      expect(await pushTests({ until: start })).toEqual([first])
    })

    it('return the pages and counts of several selectors in one statement', async () => {
      const asked = query(projection.calls, [], { first: 2 })
      const pages = await Promise.all(owners.map((owner) => loaders.calls.pageOf(owner, asked)))
      expect(pages.map(({ rows }) => rows.map(({ rowid, owner }) => [rowid, owner.selector]))).toEqual([
        [
          ['1', one],
          ['2', one],
        ],
        [['3', two]],
        [],
      ])
      expect(pages.map(({ hasNextPage }) => hasNextPage)).toEqual([true, false, false])
      expect(await Promise.all(owners.map((owner) => loaders.calls.countOf(owner, asked)))).toEqual([3, 1, 0])
      expect(ran).toHaveLength(2)
    })

    it('return the page and count of one selector', async () => {
      const [owner] = owners
      if (owner === undefined) throw new Error('no selector')
      const filtered = query(projection.calls, callsWhere({ caller: { username: 'ann' } }), { first: 1 })
      const page = await loaders.calls.pageOf(owner, filtered)
      expect(page).toMatchObject({ rows: [{ rowid: '1', owner }], hasNextPage: true })
      expect(await loaders.calls.countOf(owner, filtered)).toBe(2)
      expect((await loaders.calls.pageOf(owner, query(projection.calls))).rows).toHaveLength(3)
      const bob = query(projection.calls, callsWhere({ caller: { username: 'bob' } }), { first: 1 })
      expect(await loaders.calls.pageOf(owner, bob)).toMatchObject({ rows: [{ rowid: '2' }], hasNextPage: false })
      expect(ran.map(({ values }) => values.includes(2))).toEqual([true, false, false, true])
      for (const { text } of ran) expect(text).not.toContain('unnest')
    })

    it('use one statement for each query, for any number of selectors', async () => {
      const questions = ['ann', 'bob'].map((username) => query(projection.calls, callsWhere({ caller: { username } })))
      const counts = questions.flatMap((asked) => owners.map((owner) => loaders.calls.countOf(owner, asked)))
      expect(await Promise.all(counts)).toEqual([2, 1, 0, 1, 0, 0])
      expect(ran).toHaveLength(2)
    })

    it('do not run statements that may read many rows on the lanes of look-ups', async () => {
      const [owner] = owners
      if (owner === undefined) throw new Error('no selector')
      const filtered = query(projection.calls, callsWhere({ caller: { username: 'ann' } }))
      await loaders.calls.pageOf(owner, query(projection.calls))
      await loaders.messages.pageOf(owner, query(projection.messages))
      await loaders.calls.pageOf(owner, filtered)
      await loaders.calls.countOf(owner, filtered)
      await loaders.tokens.byIdentity({ selector: one, value: '1' })
      expect(ran.map(({ lookUp }) => lookUp?.lane)).toEqual(['calls', 'messages', 'searches', 'counts', 'calls'])
      ran.length = 0
      await loaders.calls.page(query(projection.calls))
      await loaders.calls.page(query(projection.calls, [], { first: 7 }))
      await loaders.calls.page(filtered)
      await loaders.calls.count(filtered)
      expect(ran.map(({ lookUp }) => lookUp)).toEqual([undefined, undefined, undefined, undefined])
      expect(ran.map(({ name }) => typeof name)).toEqual(['string', 'undefined', 'undefined', 'undefined'])
    })

    it('use a separate statement for each usual page size and order', async () => {
      const pages = [{ first: 10 }, { first: 20 }, { last: 10 }, { first: 1 }, { last: 1 }]
      const found = []
      for (const page of pages) found.push(await loaders.calls.page(query(projection.calls, [], page)))
      expect(found.map(({ rows }) => rows.at(-1)?.rowid)).toEqual(['4', '4', '4', '1', '4'])
      expect(new Set(ran.map(({ text }) => text)).size).toBe(5)
    })

    it('read pages of one selector, and of several, in the requested direction', async () => {
      const lastRowid = async (asked: readonly SelectorRow[], page: PageArguments) => {
        const fresh = openAll()
        const pages = asked.map((owner) => fresh.calls.pageOf(owner, query(projection.calls, [], page)))
        return (await Promise.all(pages))[0]?.rows.at(-1)?.rowid
      }
      for (const asked of [owners, owners.slice(0, 1)]) {
        expect(await lastRowid(asked, { first: 1 })).toBe('1')
        expect(await lastRowid(asked, { last: 1 })).toBe('4')
      }
    })

    it('omit orphans, except orphaned push tests', async () => {
      // In v1 a foreign key prevents them.
      if (opened.version === 'V1') return
      await addRow(opened, 'sipcalls', 99, { rowid: 9, time: '2026-01-09 00:00:00Z' })
      expect(await calls({})).toHaveLength(4)
      await opened.sql('DELETE FROM sipcalls WHERE rowid = 9')
    })

    it('find rows by identity within a selector, in one statement', async () => {
      const identities = [
        { selector: two, value: '3' },
        { selector: one, value: '3' },
        { selector: one, value: '2' },
        { selector: 'none', value: '1' },
      ]
      const found = await Promise.all(identities.map(loaders.calls.byIdentity))
      expect(found.map((row) => row && [row.rowid, row.owner.selector, row.callId])).toEqual([
        ['3', two, 'call 3'],
        null,
        ['2', one, 'call 2'],
        null,
      ])
      expect(ran).toHaveLength(1)
      await expect(loaders.calls.byIdentity({ selector: 'a\0', value: '1' })).rejects.toThrow(BadInput)
      await expect(loaders.calls.byIdentity({ selector: one, value: '\0' })).rejects.toThrow(BadInput)
      const pushTests = ['push 1', 'push 3'].map((value) => loaders.pushTests.byIdentity({ selector: one, value }))
      expect((await Promise.all(pushTests)).map((row) => row?.pushId)).toEqual(['push 1', undefined])
    })

    it('find an orphaned push test by its stored key', async () => {
      const key = opened.version === 'V1' ? '99' : selectorNamed(99)
      const load = (pushId: string, of = key) => loaders.orphanPushTests.load({ key: of, pushId })
      const found = await Promise.all([load('push 3'), load('push 1', owners[0]?.key), load('none')])
      expect(found.map((row) => row && [row.pushId, row.owner])).toEqual([['push 3', null], null, null])
      expect(ran).toHaveLength(1)
      expect(ran[0]?.lookUp).toMatchObject({ lane: 'messages' })
      await expect(load('a\0')).rejects.toThrow(BadInput)
      await expect(load('push 3', '\0')).rejects.toThrow(BadInput)
    })

    it('read tokens in clear only if requested', async () => {
      const identity = { selector: one, value: '1' }
      const clear = await loaders.tokens.byIdentity(identity)
      const withheld = await openAll(false).tokens.byIdentity(identity)
      expect(clear).toMatchObject({ token: 'token 1', appId: 'app ann' })
      expect(withheld).toMatchObject({ token: null, appId: 'app ann', fingerprint: clear?.fingerprint })
    })

    it('read withheld tokens and push tests on their usual lanes', async () => {
      await openAll(false).tokens.byIdentity({ selector: one, value: '1' })
      await loaders.pushTests.byIdentity({ selector: one, value: 'push 1' })
      expect(ran.map(({ lookUp }) => lookUp?.lane)).toEqual(['calls', 'messages'])
    })

    it('return null as the owner of an orphaned push test', async () => {
      const { rows } = await loaders.pushTests.page(query(projection.pushTests))
      expect(rows.at(-1)?.owner).toBeNull()
    })

    it('run no statement if no setting is requested', async () => {
      const [owner] = owners
      if (owner === undefined) throw new Error('no selector')
      expect(await loaders.settings.ofNames(owner, [])).toEqual([])
      expect(ran).toEqual([])
    })

    it('read settings in one statement, with the requested names of each selector', async () => {
      const [first, second] = owners
      if (first === undefined || second === undefined) throw new Error('no selector')
      const { ofNames } = loaders.settings
      const found = await Promise.all([
        ofNames(first, ['title']),
        ofNames(first, ['host', 'title']),
        ofNames(second, ['title']),
        ofNames(first, []),
      ])
      expect(found.map((rows) => rows.map(({ name, value }) => `${name} ${value}`))).toEqual([
        ['title new'],
        ['host h', 'title new'],
        [],
        [],
      ])
      expect(ran.map(({ lookUp }) => lookUp?.lane)).toEqual(['calls'])
    })

    it('read contents of messages with statements that declare the expected bytes', async () => {
      const { rows } = await loaders.messages.page(query(projection.messages))
      ran.length = 0
      const bodies = await Promise.all(rows.map(loaders.messageContents.body))
      expect(bodies).toEqual(['b', 'bb', 'bbb', 'bbbb'])
      const headers = await Promise.all(rows.slice(0, 2).map(loaders.messageContents.headers))
      expect(headers).toEqual(['<headers1/>', '<headers2/>'])
      expect(ran.map(({ expectedBytes, lookUp }) => [expectedBytes, lookUp?.lane])).toEqual([
        [10, 'contents'],
        [22, 'contents'],
      ])
    })

    it('report a deleted message as collected', async () => {
      const [message] = (await loaders.messages.page(query(projection.messages))).rows
      if (message === undefined) throw new Error('no message')
      const gone = { ...message, owner: message.owner, time: '2025-01-01', rowid: '1' }
      await expect(loaders.messageContents.body(gone)).rejects.toMatchObject({
        failure: 'unavailable',
        code: 'COLLECTED',
        message: 'the message was collected before its content was read',
      })
    })
  })

  it('record named selectors for the audit log, whether found or not', async () => {
    const recorded = recordNamedSelectors(loaders, usage)
    const names = async (work: Promise<unknown>) => {
      await work
      const found = [...usage.selectors]
      usage.selectors.clear()
      return found
    }
    usage.selectors.clear()
    const window = windowOf({ name: 'selectorsByName', columns: projection.selectors.order, descending: false }, {})
    expect(await names(recorded.selectors.byName('none'))).toEqual(['none'])
    expect(await names(recorded.selectors.count({ prefix: 'p', suffix: 's' }))).toEqual(['p', 's'])
    expect(await names(recorded.selectors.page({ prefix: '', suffix: 's' }, window))).toEqual(['s'])
    expect(await names(recorded.selectors.count({ prefix: null }))).toEqual([])
    expect(await names(recorded.selectors.count({ installationsOf: 'i' }))).toEqual(['i'])
    const ofName = query(projection.pushTests, pushTestConditions(projection.pushTests, { selectorName: 'none' }))
    expect(await names(recorded.pushTests.page(ofName))).toEqual(['none'])
    expect(await names(recorded.pushTests.count(ofName))).toEqual(['none'])
    const { tokens, calls, messages, pushTests } = recorded
    for (const collection of [tokens, calls, messages, pushTests]) {
      const found = collection.byIdentity({ selector: 'none', value: '1' })
      expect(await found).toBeNull()
      expect(await names(found)).toEqual(['none'])
    }
    expect(await recorded.calls.count(query(projection.calls))).toBe(4)
    expect(await recorded.selectors.count({})).toBe(3)
    expect(await recorded.selectors.byName(one)).toMatchObject({ selector: one })
    expect((await recorded.selectors.page({}, window)).rows).toHaveLength(3)
  })
})
