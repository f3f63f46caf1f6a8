import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addDataSet, addRow, addSelector, selectorNamed } from '../support/rows.ts'

interface CallNode {
  readonly id: string
  readonly time: string
  readonly callId: string
}

const calls = 37

describe.each(backends)('The history on $name', ({ version, open }) => {
  let opened: Opened
  let client: Client
  /** Call ids of selector 1 by (time, rowid), read with plain SQL. */
  let ordered: string[]

  beforeAll(async () => {
    opened = await open()
    await addSelector(opened, 1)
    await addSelector(opened, 2)
    await addSelector(opened, 3)
    for (let n = 0; n < calls; n++) {
      // Many calls with the same time, and times that differ only in microseconds.
      const time = `2026-11-22 06:24:17.${String(701_000 + Math.floor(n / 4)).padStart(6, '0')}+00`
      const missedreason = ['Missed', 'AnsweredElsewhere', 'RejectedByDnd', 'SomethingNew'][n % 4]
      const cells = {
        rowid: 1000 - n,
        time,
        callid: `call-${n}`,
        username: `user${n % 3}`,
        domain: 'example.com',
        missedreason,
      }
      await addRow(opened, 'sipcalls', 1, cells)
      await addRow(opened, 'sipcalls', 2, { ...cells, rowid: 2000 - n, callid: `other-${n}` })
    }
    client = await openClient(opened.database)
    const rows = await opened.sql(`SELECT callid FROM sipcalls WHERE callid LIKE 'call-%' ORDER BY time, rowid`)
    ordered = rows.map(([callId]) => String(callId))
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const page = async (args: string, selector = selectorNamed(1)) => {
    const data = await client.ask(
      `query ($selector: String!) { selector(name: $selector) { calls${args} {
      totalCount edges { cursor node { id time callId } } nodes { callId }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
      { selector },
    )
    return data.selector.calls
  }
  const callIds = (nodes: { readonly callId: string }[]) => nodes.map(({ callId }) => callId)

  it('counts the calls beyond a cursor, whatever the page, the order and the filter', async () => {
    const counts = async (list: string) => {
      const { selector } = await client.ask(
        `{ selector(name: "${selectorNamed(1)}") { calls${list} { rangeCount totalCount } } }`,
      )
      return [selector.calls.rangeCount, selector.calls.totalCount]
    }
    const { edges } = await page('(first: 100)')
    for (const place of [0, 1, 20, calls - 1]) {
      const { cursor } = edges[place]
      expect(await counts(`(before: "${cursor}", first: 1)`)).toEqual([place, calls])
      expect(await counts(`(after: "${cursor}", last: 0)`)).toEqual([calls - place - 1, calls])
      expect(await counts(`(after: "${edges[0].cursor}", before: "${cursor}")`)).toEqual([
        Math.max(0, place - 1),
        calls,
      ])
      const oldest = await page(`(orderBy: OLDEST_FIRST, first: 100)`)
      expect(await counts(`(orderBy: OLDEST_FIRST, after: "${oldest.edges[place].cursor}")`)).toEqual([
        calls - place - 1,
        calls,
      ])
    }
    expect(await counts('')).toEqual([calls, calls])
    const filter = 'filter: { caller: { username: "user0" } }'
    const [all] = await counts(`(${filter})`)
    const newer = edges
      .slice(0, 20)
      .filter(({ node }: { node: CallNode }) => Number(node.callId.split('-')[1]) % 3 === 0)
    expect(await counts(`(${filter}, before: "${edges[20].cursor}")`)).toEqual([newer.length, all])
  })

  it('starts with the newest call, and has 20 calls by default', async () => {
    const { edges, nodes, totalCount, pageInfo } = await page('')
    expect(callIds(nodes)).toEqual(ordered.toReversed().slice(0, 20))
    expect(callIds(edges.map(({ node }: { node: CallNode }) => node))).toEqual(callIds(nodes))
    expect(totalCount).toBe(calls)
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0].cursor,
      endCursor: edges[19].cursor,
    })
  })

  it('returns to each selector its own calls, and an empty page to one without calls', async () => {
    const data = await client.ask(
      '{ selectors(orderBy: NAME_ASC) { nodes { calls(first: 2) { nodes { callId } pageInfo { startCursor hasNextPage } } } } }',
    )
    const [first, second, third] = data.selectors.nodes.map((node: { calls: object }) => node.calls)
    expect(callIds(first.nodes)).toEqual(ordered.toReversed().slice(0, 2))
    expect(callIds(second.nodes)).toEqual(
      ordered
        .toReversed()
        .slice(0, 2)
        .map((name) => name.replace('call', 'other')),
    )
    expect(third).toEqual({ nodes: [], pageInfo: { startCursor: null, hasNextPage: false } })
  })

  it('contains every call once and in order, for any page size, direction and order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('NEWEST_FIRST', 'OLDEST_FIRST'),
        fc.boolean(),
        async (size, orderBy, backwards) => {
          const wanted = orderBy === 'NEWEST_FIRST' ? ordered.toReversed() : ordered
          expect(await walk(size, orderBy, backwards)).toEqual(wanted)
        },
      ),
      { numRuns: 12 },
    )
  })

  const forwards = { size: 'first', from: 'after', more: 'hasNextPage', behind: 'hasPreviousPage', cursor: 'endCursor' }
  const back = { size: 'last', from: 'before', more: 'hasPreviousPage', behind: 'hasNextPage', cursor: 'startCursor' }

  const walk = async (size: number, orderBy: string, backwards: boolean): Promise<string[]> => {
    const way = backwards ? back : forwards
    const pages: string[][] = []
    let from = ''
    for (let more = true; more; ) {
      const { nodes, pageInfo } = await page(`(${way.size}: ${size}, orderBy: ${orderBy}${from})`)
      expect(pageInfo[way.behind]).toBe(from !== '')
      pages.push(callIds(nodes))
      from = `, ${way.from}: "${pageInfo[way.cursor]}"`
      more = pageInfo[way.more] && pages.length <= calls
    }
    return (backwards ? pages.toReversed() : pages).flat()
  }

  it('between two cursors contains the calls between them', async () => {
    const { edges } = await page('(first: 10)')
    const between = await page(`(after: "${edges[2].cursor}", before: "${edges[7].cursor}")`)
    expect(callIds(between.nodes)).toEqual(ordered.toReversed().slice(3, 7))
    const last = await page(`(last: 2, after: "${edges[2].cursor}", before: "${edges[7].cursor}")`)
    expect(callIds(last.nodes)).toEqual(ordered.toReversed().slice(5, 7))
  })

  it('with first and last contains the last calls of the first', async () => {
    const { nodes, pageInfo } = await page('(first: 5, last: 2)')
    expect(callIds(nodes)).toEqual(ordered.toReversed().slice(3, 5))
    expect(pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true })
  })

  it('with a page size of 0 is empty, and reports whether there are calls', async () => {
    expect(await page('(first: 0)')).toMatchObject({
      nodes: [],
      totalCount: calls,
      pageInfo: { hasNextPage: true, endCursor: null },
    })
  })

  it('keeps its position while newer calls are added and older ones are deleted', async () => {
    const { pageInfo } = await page('(first: 5)')
    await addRow(opened, 'sipcalls', 1, { rowid: 5000, time: '2026-11-23 00:00:00+00', callid: 'newer' })
    await opened.sql(`DELETE FROM sipcalls WHERE callid = '${ordered.at(-5)}'`)
    const next = await page(`(first: 5, after: "${pageInfo.endCursor}")`)
    expect(callIds(next.nodes)).toEqual(ordered.toReversed().slice(5, 10))
    await opened.sql(`DELETE FROM sipcalls WHERE callid = 'newer'`)
    const n = Number(String(ordered.at(-5)).slice(5))
    const time = `2026-11-22 06:24:17.${String(701_000 + Math.floor(n / 4)).padStart(6, '0')}+00`
    const missedreason = ['Missed', 'AnsweredElsewhere', 'RejectedByDnd', 'SomethingNew'][n % 4]
    await addRow(opened, 'sipcalls', 1, {
      rowid: 1000 - n,
      time,
      callid: `call-${n}`,
      username: `user${n % 3}`,
      domain: 'example.com',
      missedreason,
    })
  })

  it('is filtered with an inclusive since and an exclusive until, to the microsecond', async () => {
    const filter =
      '(filter: { since: "2026-11-22T06:24:17.701002Z", until: "2026-11-22T07:24:17.701005+01:00" }, first: 100)'
    const { nodes, totalCount } = await page(filter)
    expect(totalCount).toBe(12)
    const wanted = await opened.sql(`SELECT callid FROM sipcalls WHERE callid LIKE 'call-%'
      AND time >= '2026-11-22 06:24:17.701002+00' AND time < '2026-11-22 06:24:17.701005+00' ORDER BY time DESC, rowid DESC`)
    expect(callIds(nodes)).toEqual(wanted.flat())
  })

  it('is filtered by caller and by reason, for one selector and for all', async () => {
    const { nodes, totalCount } = await page(
      '(filter: { caller: { username: "user1", domain: "example.com" } }, first: 100)',
    )
    expect(nodes).toHaveLength(12)
    expect(totalCount).toBe(12)
    const count = async (reasons: string) =>
      (await client.ask(`{ calls(filter: { missedReasons: ${reasons} }) { totalCount } }`)).calls.totalCount
    const onV2 = (number: number) => (version === 'V1' ? 0 : number)
    expect(await count('[MISSED]')).toBe(onV2(20))
    expect(await count('[ANSWERED_ELSEWHERE, REJECTED_BY_DND]')).toBe(onV2(36))
    expect(await count('[UNKNOWN]')).toBe(onV2(18))
    expect(await count('[UNKNOWN, MISSED]')).toBe(onV2(38))
    expect(await count('[]')).toBe(0)
    expect(await count('null')).toBe(74)
  })

  it('is filtered by the end of a username, whose characters have no special meaning', async () => {
    const numbers = ['+420601234567', '601234567', '5%5', '5_5', '5\\5', '555', 'žluťoučký', 'ŽLUŤOUČKÝ']
    await using own = await open()
    await addSelector(own, 1)
    for (const [index, username] of numbers.entries())
      await addRow(own, 'sipcalls', 1, { rowid: index, time: '2026-01-01', username, domain: 'a.example' })
    await addRow(own, 'sipcalls', 1, { rowid: 98, time: '2026-01-01', username: '', domain: 'b.example' })
    // v1 may record nothing.
    const nothing =
      own.version === 'V1' ? { rowid: 99, time: '2026-01-01' } : { rowid: 99, time: '2026-01-01', username: '' }
    await addRow(own, 'sipcalls', 1, nothing)
    await using asker = await openClient(own.database)
    const ending = async (caller: object) => {
      const { calls: all } = await asker.ask(
        `query ($caller: SipAddressFilter) { calls(filter: { caller: $caller }, orderBy: OLDEST_FIRST) { totalCount nodes { caller { username } } } }`,
        { caller },
      )
      expect(all.nodes).toHaveLength(all.totalCount)
      return all.nodes.map((node: { caller: { username: string | null } }) => node.caller.username)
    }
    expect(await ending({ usernameEndsWith: '601234567' })).toEqual(numbers.slice(0, 2))
    expect(await ending({ usernameEndsWith: '01234567', username: '601234567' })).toEqual(['601234567'])
    for (const number of numbers.slice(2)) expect(await ending({ usernameEndsWith: number })).toEqual([number])
    expect(await ending({ usernameEndsWith: '%5' })).toEqual(['5%5'])
    expect(await ending({ usernameEndsWith: '_5' })).toEqual(['5_5'])
    expect(await ending({ usernameEndsWith: '\\5' })).toEqual(['5\\5'])
    expect(await ending({ usernameEndsWith: 'oučký' })).toEqual(['žluťoučký'])
    expect(await ending({ usernameEndsWith: '601234567', domain: 'b.example' })).toEqual([])
    expect(await ending({ username: '' })).toEqual([null, null])
    for (const caller of [{}, { usernameEndsWith: '' }, { username: null, usernameEndsWith: null, domain: null }])
      expect(await ending(caller)).toEqual([...numbers, null, null])
  })

  it('reports why a call was missed if it is recorded, and UNKNOWN for an unknown reason', async () => {
    const data = await client.ask('{ calls(first: 4, orderBy: OLDEST_FIRST) { nodes { callId missedReason } } }')
    const wanted = (
      await opened.sql(
        `SELECT ${version === 'V1' ? 'NULL' : 'missedreason'} FROM sipcalls ORDER BY time, rowid LIMIT 4`,
      )
    ).map(([word]) => (word === null ? null : words[String(word)]))
    expect(data.calls.nodes.map(({ missedReason }: { missedReason: string }) => missedReason)).toEqual(wanted)
  })

  const words: Readonly<Record<string, string>> = {
    Missed: 'MISSED',
    AnsweredElsewhere: 'ANSWERED_ELSEWHERE',
    RejectedByDnd: 'REJECTED_BY_DND',
    SomethingNew: 'UNKNOWN',
  }
})

describe.each(backends)('Lists over all selectors on $name', ({ version, open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 40, calls: 6 })
    client = await openClient(opened.database)
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const link = version === 'V1' ? 'id' : 'selector'
  const joined = (table: string) => `${table} t JOIN selectors s ON s.${link} = t.${link}`

  it.each([
    ['calls', 'sipcalls', 'time', 'callid', 'callId'],
    ['messages', 'siptextmessages', 'time', 'msgid', 'messageId'],
    ['pushTests', 'pushtests', 'started', 'pushid', 'pushId'],
  ])('return the %s that plain SQL returns', async (field, table, time, column, name) => {
    const data = await client.ask(
      `{ ${field}(first: 100) { totalCount nodes { ${name} selector { name } } } oldest: ${field}(last: 3) { nodes { ${name} } } }`,
    )
    const wanted = await opened.sql(
      `SELECT t.${column}, s.selector FROM ${joined(table)} ORDER BY t.${time} DESC LIMIT 100`,
    )
    expect(
      data[field].nodes.map((node: Record<string, unknown>) => [
        node[name],
        (node['selector'] as { name: string }).name,
      ]),
    ).toEqual(wanted)
    const [total] = await opened.sql(`SELECT count(*) FROM ${table}`)
    expect(data[field].totalCount).toBe(Number(total?.[0]))
    const oldest = await opened.sql(`SELECT ${column} FROM ${table} ORDER BY ${time} LIMIT 3`)
    expect(data.oldest.nodes.map((node: Record<string, unknown>) => node[name])).toEqual(oldest.flat().reverse())
  })

  it('return selectors by lastSeen and by name', async () => {
    const names = async (args: string) =>
      (await client.ask(`{ selectors(first: 100, ${args}) { nodes { name } } }`)).selectors.nodes.map(
        ({ name }: { name: string }) => name,
      )
    const sql = async (order: string) => (await opened.sql(`SELECT selector FROM selectors ORDER BY ${order}`)).flat()
    expect(await names('orderBy: LAST_SEEN_DESC')).toEqual(await sql('lastseen DESC'))
    expect(await names('orderBy: LAST_SEEN_ASC')).toEqual(await sql('lastseen'))
    expect(await names('orderBy: NAME_ASC')).toEqual(await sql('selector COLLATE "C"'))
  })

  it('return pages of selectors by name', async () => {
    const seen: string[] = []
    let after = ''
    for (let turn = 0; turn < 7; turn++) {
      const { selectors } = await client.ask(
        `{ selectors(first: 6, orderBy: NAME_ASC${after}) { nodes { name } pageInfo { endCursor } } }`,
      )
      seen.push(...selectors.nodes.map(({ name }: { name: string }) => name))
      after = `, after: "${selectors.pageInfo.endCursor}"`
    }
    expect(seen).toEqual((await opened.sql('SELECT selector FROM selectors ORDER BY selector COLLATE "C"')).flat())
  })

  it('filter selectors by prefix, suffix, app and time', async () => {
    const count = async (filter: string) =>
      (await client.ask(`{ selectors(filter: ${filter}) { totalCount nodes { name } } }`)).selectors
    const [[name = '', seen = ''] = []] = await opened.sql('SELECT selector, lastseen FROM selectors WHERE id = 2')
    const prefix = String(name).slice(0, 40)
    const shared = await opened.sql(
      `SELECT selector FROM selectors WHERE left(selector, 40) = '${prefix}' ORDER BY lastseen DESC`,
    )
    expect(shared.length).toBeGreaterThan(1)
    const byPrefix = await count(`{ prefix: "${prefix}" }`)
    expect(byPrefix.nodes.map(({ name }: { name: string }) => name)).toEqual(shared.flat())
    expect(byPrefix.totalCount).toBe(shared.length)
    const suffix = String(name).slice(41)
    expect((await count(`{ suffix: "${suffix}" }`)).nodes).toEqual([{ name }])
    expect((await count(`{ suffix: ":${suffix}" }`)).nodes).toEqual([{ name }])
    expect((await count('{ prefix: "%" }')).totalCount).toBe(0)
    expect((await count('{ prefix: "_" }')).totalCount).toBe(0)
    const [[apps = ''] = []] = await opened.sql(
      `SELECT count(DISTINCT ${link}) FROM tokens WHERE appid = 'com.example.phone.android'`,
    )
    expect((await count('{ appId: "com.example.phone.android" }')).totalCount).toBe(Number(apps))
    const instant = `${String(seen).replace(' ', 'T').replace('+00', '')}Z`
    const [[since = ''] = []] = await opened.sql(`SELECT count(*) FROM selectors WHERE lastseen >= '${seen}'`)
    expect((await count(`{ lastSeenSince: "${instant}" }`)).totalCount).toBe(Number(since))
    expect((await count(`{ lastSeenUntil: "${instant}" }`)).totalCount).toBe(40 - Number(since))
  })

  it('filter messages and push tests by their fields', async () => {
    const data = await client.ask(`{
      texts: messages(filter: { contentType: "text/plain" }) { totalCount }
      since: messages(filter: { since: "2026-11-15T00:00:00Z" }) { totalCount }
      pending: pushTests(filter: { isConcluded: false }) { totalCount nodes { concluded latencyMs } }
      done: pushTests(filter: { isConcluded: true, platform: "iOS" }) { totalCount nodes { started concluded latencyMs } }
      until: pushTests(filter: { until: "2026-11-19T00:00:00Z" }) { totalCount } }`)
    const number = async (from: string) => Number((await opened.sql(`SELECT count(*) FROM ${from}`))[0]?.[0])
    expect(data.texts.totalCount).toBe(await number(`siptextmessages WHERE contenttype = 'text/plain'`))
    expect(data.since.totalCount).toBe(await number(`siptextmessages WHERE time >= '2026-11-15'`))
    expect(data.pending.totalCount).toBe(await number('pushtests WHERE concluded IS NULL'))
    expect(data.pending.nodes).toContainEqual({ concluded: null, latencyMs: null })
    expect(data.done.totalCount).toBe(await number(`pushtests WHERE concluded IS NOT NULL AND platform = 'iOS'`))
    expect(data.until.totalCount).toBe(await number(`pushtests WHERE started < '2026-11-19'`))
    for (const { started, concluded, latencyMs } of data.done.nodes) {
      expect(latencyMs).toBe(Date.parse(concluded) - Date.parse(started))
    }
  })
})
