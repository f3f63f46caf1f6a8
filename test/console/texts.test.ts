import { describe, expect, it } from 'vitest'
import { isLabelled, ticks } from '../../console/charts/scale.ts'
import { csvOf } from '../../console/lists/csv.ts'
import { continued, listOf, refreshed } from '../../console/lists/page-list.ts'
import { boundsOf } from '../../console/lists/spans.ts'
import { ofFreshness, ofPlatforms, ofTokens } from '../../console/overview/attention.ts'
import { ageOf, formatTime, latencyOf, percent } from '../../console/parts/format.ts'
import { eventsOf } from '../../console/parts/server-sent-events.ts'
import { callerOf, isCallId, isStartOfSelector, isSuffix, isWholeSelector } from '../../console/search/kinds.ts'

const account = '12869E0E6E553673C54F29105A0647204C416A2A'

describe('A text of the search field', () => {
  it.each([
    ['+420 601 234 567', { usernameEndsWith: '420601234567' }],
    ['00420601234567', { usernameEndsWith: '420601234567' }],
    ['(601) 234-567', { usernameEndsWith: '601234567' }],
    ['alice', { username: 'alice' }],
    ['sip:alice@example.com:5060;transport=tcp', { username: 'alice', domain: 'example.com' }],
    ['@example.com', { domain: 'example.com' }],
    ['12', { username: '12' }],
    ['two words', undefined],
    ['', undefined],
  ])('%j is a caller: %j', (text, caller) => {
    expect(callerOf(text)).toEqual(caller)
  })

  it('is a selector, its start or a suffix by its form', () => {
    expect([isWholeSelector(`${account}:7C3A0D14`), isWholeSelector(account), isWholeSelector('a:b')]).toEqual([
      true,
      false,
      false,
    ])
    expect([account.slice(0, 6), account, `${account}:7`, 'alice', '12345'].map(isStartOfSelector)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
    expect(['7C3A0D14', ':7C3A0D14', 'a b', 'abc'].map(isSuffix)).toEqual([true, true, false, false])
    expect(['4f1c2a90@192.0.2.17', '+420601234567', 'sip:alice@b', `${account}:7C3A`].map(isCallId)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

describe('A CSV file', () => {
  const columns = [
    { title: 'time', value: ({ time }: { time: string | null }) => time, isTime: true },
    { title: 'name', value: ({ name }: { name: string | null }) => name },
    { title: 'ms', value: ({ ms }: { ms: number }) => ms },
  ]

  it('has times in UTC and in the zone of the page', () => {
    const text = csvOf(columns, [{ time: '2026-11-22T23:30:00.000001Z', name: 'a', ms: -1 }], 'Europe/Prague')
    expect(text).toBe(
      '\ufefftime (UTC),time (Europe/Prague),name,ms\r\n2026-11-22T23:30:00.000001Z,2026-11-23 00:30:00,a,-1\r\n',
    )
  })

  it.each(['=1+1', '+1', '-1', '@a', '\t=1', '\r=1', ' =1', '\n=1', '|calc'])('has no formula: %j', (name) => {
    const [, cell = ''] = /,,("?.*"?),0\r\n$/s.exec(csvOf(columns, [{ time: null, name, ms: 0 }], 'UTC')) ?? []
    expect(cell.replace(/^"/, '').startsWith("'")).toBe(true)
  })

  it('quotes what would end a cell or a row', () => {
    expect(csvOf(columns, [{ time: null, name: 'a "b", c\nd', ms: 0 }], 'UTC')).toContain('"a ""b"", c\nd"')
  })
})

describe('A list that is read page by page', () => {
  const page = (times: readonly number[], hasNextPage: boolean) => ({
    nodes: times.map((time) => ({ id: `i${time}`, time: String(time) })),
    pageInfo: { hasNextPage, endCursor: times.length === 0 ? null : `c${times.at(-1)}` },
  })
  const ids = (list: { items: readonly { id: string }[] }) => list.items.map(({ id }) => id).join(' ')

  it('goes on where it ended, and keeps its place where a page is empty', () => {
    const list = continued(continued(listOf(page([9, 8], true)), page([7], true)), page([], false))
    expect([ids(list), list.cursor, list.hasMore]).toEqual(['i9 i8 i7', 'c7', false])
  })

  it('takes what is new, drops what was deleted, and keeps what is older than its first page', () => {
    const list = refreshed(continued(listOf(page([9, 8], true)), page([7, 6], false)), page([10, 8], true))
    expect([ids(list), list.cursor, list.hasMore]).toEqual(['i10 i8 i7 i6', 'c6', false])
    expect(ids(refreshed(list, page([10], false)))).toBe('i10')
  })
})

describe('Times', () => {
  const now = Date.parse('2026-11-26T12:00:00Z')

  it.each([
    ['2026-11-26T11:59:58Z', 'just now'],
    ['2026-11-26T11:59:00Z', '1 min ago'],
    ['2026-11-26T10:00:00Z', '2 h ago'],
    ['2026-11-20T12:00:00Z', '6 d ago'],
    ['2020-11-26T12:00:00Z', '6 years ago'],
    ['2026-11-26T12:05:00Z', 'in 5 min'],
    ['9999-12-31T23:59:59.999999Z', 'no date'],
  ])('%s is %s', (time, age) => {
    expect(ageOf(time, now)).toBe(age)
  })

  it('are written in the zone, also in the hour that a day in autumn has twice', () => {
    expect(formatTime('2026-10-25T00:30:00Z', 'Europe/Prague')).toBe('2026-10-25 02:30:00')
    expect(formatTime('2026-10-25T01:30:00Z', 'Europe/Prague')).toBe('2026-10-25 02:30:00')
    expect(formatTime('9999-12-31T23:59:59.999999Z', 'Europe/Prague')).toBe('infinity')
    expect([320, 1_240, 90_000].map(latencyOf)).toEqual(['320 ms', '1.2 s', '2 min'])
  })

  it('of rates are whole per cents, 100 of them only for all', () => {
    expect([1, 0.999, 0.898, 0.29, 0].map(percent)).toEqual(['100 %', '99 %', '89 %', '29 %', '0 %'])
  })

  it('of a filter are a day of the zone, or a span that ends now', () => {
    const at = (text: string) => boundsOf(new URLSearchParams(text), 'UTC', now)
    expect(at('day=2026-11-25')).toEqual({ since: '2026-11-25T00:00:00.000Z', until: '2026-11-26T00:00:00.000Z' })
    expect(at('span=24h')).toEqual({ since: '2026-11-25T12:00:00.000Z' })
    expect([at(''), at('day=x&span=y')]).toEqual([{}, {}])
  })
})

describe('A chart', () => {
  it('has round marks that hold all values', () => {
    expect([0, 1, 3, 7, 72, 1_000, 1_234_567].map((most) => ticks(most).join(' '))).toEqual([
      '0 1',
      '0 1',
      '0 1 2 3',
      '0 2 4 6 8',
      '0 20 40 60 80',
      '0 200 400 600 800 1000',
      '0 500000 1000000 1500000',
    ])
  })

  it('labels its last bucket, and as many others as fit', () => {
    const shown = Array.from({ length: 30 }, (_, place) => place).filter((place) => isLabelled(place, 30, 300, 78))
    expect(shown).toEqual([5, 13, 21, 29])
  })
})

describe('What needs attention', () => {
  it('is a platform that many pushes fail on, not one with few pushes', () => {
    const platform = (sent: number, successRate: number | null) => ({ platform: 'iOS', sent, pending: 0, successRate })
    expect(ofPlatforms([platform(100, 0.95), platform(4, 0), platform(0, null)], '7d')).toEqual([])
    expect(ofPlatforms([platform(100, 0.8), platform(100, 0.5)], '7d')).toMatchObject([
      { level: 'unsure', text: 'iOS: 80 % of 100 pushes answered in time.' },
      { level: 'bad', href: '/push-tests?span=7d&outcome=unanswered&platform=iOS' },
    ])
  })

  it('is an app with many stale tokens, and a database that nothing is written to', () => {
    expect(ofTokens([{ appId: 'a', count: 100, older: [24] }])).toEqual([])
    expect(ofTokens([{ appId: 'a', count: 100, older: [25] }])).toMatchObject([{ href: '/tokens?app=a' }])
    const now = Date.parse('2026-11-26T12:00:00Z')
    expect(ofFreshness('2026-11-26T11:30:00Z', now)).toEqual([])
    expect(ofFreshness('2026-11-25T12:00:00Z', now)).toMatchObject([{ level: 'bad' }])
    expect(ofFreshness(undefined, now)).toEqual([])
  })
})

describe('Server-Sent Events', () => {
  it('are read whole, however they are cut, and comments are left out', async () => {
    const bytes = new TextEncoder().encode(':\n\nevent: next\ndata: {"a":"é"}\n\nevent: complete\ndata:\n\nevent: cut')
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]))
        controller.close()
      },
    })
    const events = []
    for await (const event of eventsOf(body)) events.push(event)
    expect(events).toEqual([
      { event: 'next', data: '{"a":"é"}' },
      { event: 'complete', data: '' },
    ])
  })
})
