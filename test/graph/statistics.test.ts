import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareTopCallers } from '../../src/loaders/statistics/top-callers.ts'
import { detect } from '../../src/sipis/detect.ts'
import { projectionOf } from '../../src/sipis/versions.ts'
import { random } from '../../src/tools/demo/random.ts'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { percentile } from '../support/percentile.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

/** Around the end of summer time in Europe/Prague: Sunday has 25 hours there. */
const since = '2026-10-24T10:30:00Z'
const until = '2026-10-27T03:00:00Z'
const [sinceMs, untilMs] = [Date.parse(since), Date.parse(until)]
const zone = 'Europe/Prague'
const hourMs = 3_600_000

interface CallModel {
  readonly selector: number
  readonly time: number
  readonly username: string
  readonly domain: string
  readonly reason: string
}

interface TestModel {
  readonly selector: number
  readonly started: number
  readonly concluded: number | 'infinity' | null
  readonly platform: string
}

const selectors = [1, 2, 3, 4, 5, 6]
/** Selector 6 has no token; 1 has two of one app. */
const appsOf = (selector: number) =>
  [['phone', 'phone.voip'], ['phone'], ['desk'], ['phone', 'desk'], ['desk'], []][selector - 1] ?? []
const reasons = ['Missed', 'AnsweredElsewhere', 'RejectedByDnd', 'SomethingNew', 'Other', '']
const reasonNames: Readonly<Record<string, string | null>> = {
  Missed: 'MISSED',
  AnsweredElsewhere: 'ANSWERED_ELSEWHERE',
  RejectedByDnd: 'REJECTED_BY_DND',
  '': null,
}

function model() {
  const choose = random(1, 2, 3)
  const calls: CallModel[] = Array.from({ length: 400 }, () => ({
    selector: choose.pick(selectors),
    // Also outside of the span, and on the hour.
    time: choose.oneIn(20)
      ? sinceMs + hourMs * choose.below(60) - 1_800_000
      : sinceMs - 12 * hourMs + choose.below(96 * hourMs),
    username: choose.pick(['100', '200', 'alice', '']),
    domain: choose.pick(['example.com', 'Example.COM', 'other.example', '']),
    reason: choose.pick(reasons),
  }))
  const tests: TestModel[] = Array.from({ length: 300 }, () => {
    const started = sinceMs - 12 * hourMs + choose.below(96 * hourMs)
    const latency = choose.pick([900, 12_000, 15_000, 15_001, 60_000, -5_000])
    return {
      // Selector 9 is gone.
      selector: choose.pick([...selectors, 9]),
      started,
      concluded: choose.oneIn(6) ? null : choose.oneIn(20) ? 'infinity' : started + latency,
      platform: choose.pick(['iOS', 'Android']),
    }
  })
  return { calls, tests }
}

const iso = (ms: number) => new Date(ms).toISOString()
/** As the gateway prints it. */
const instant = (ms: number) => iso(ms).replace('Z', '000Z')
const local = (ms: number) => iso(ms).slice(0, -1)

/** Starts of the days of the zone that the span touches. */
const days = ['2026-10-23T22:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', '2026-10-26T23:00:00Z'].map(
  (text) => Date.parse(text),
)
const hours = Array.from(
  { length: Math.ceil((untilMs - sinceMs + 1_800_000) / hourMs) },
  (_, n) => sinceMs - 1_800_000 + n * hourMs,
)
const startOf = (starts: readonly number[], time: number) => starts.findLast((start) => start <= time) ?? Number.NaN
const within = <T>(rows: readonly T[], timeOf: (row: T) => number) =>
  rows.filter((row) => timeOf(row) >= sinceMs && timeOf(row) < untilMs)

/** The slow way: every group at every time. */
function counted<T>(
  rows: readonly T[],
  timeOf: (row: T) => number,
  groupsOf: (row: T) => readonly string[],
  starts: readonly number[],
): Map<string, T[]> {
  const cells = new Map<string, T[]>()
  const groups = new Set(rows.flatMap(groupsOf))
  for (const start of starts) for (const group of groups) cells.set(`${start} ${group}`, [])
  for (const row of rows)
    for (const group of groupsOf(row)) cells.get(`${startOf(starts, timeOf(row))} ${group}`)?.push(row)
  return cells
}

describe.each(backends)('Statistics on $name', ({ version, open }) => {
  let opened: Opened
  let client: Client
  const { calls, tests } = model()
  const inSpan = within(calls, ({ time }) => time)
  const testsInSpan = within(tests, ({ started }) => started)

  beforeAll(async () => {
    opened = await open()
    for (const number of selectors) await addSelector(opened, number)
    const tokens = selectors.flatMap((number) => appsOf(number).map((appid) => ({ number, appid })))
    for (const [rowid, { number, appid }] of [...tokens, { number: 1, appid: 'phone' }].entries())
      await addRow(opened, 'tokens', number, {
        rowid: rowid + 1,
        token: `token ${rowid}`,
        appid,
        lastseen: rowid === 0 ? null : `2026-10-0${(rowid % 9) + 1}`,
      })
    for (const [rowid, { selector, time, reason, ...cells }] of calls.entries())
      await addRow(opened, 'sipcalls', selector, {
        ...cells,
        rowid: rowid + 1,
        time: iso(time),
        missedreason: reason,
        scheme: 'sip',
        userdisplayname: `n${rowid}`,
      })
    for (const [n, { selector, started, concluded, platform }] of tests.entries())
      await addRow(opened, 'pushtests', selector, {
        pushid: `p${n}`,
        platform,
        started: local(started),
        concluded: typeof concluded === 'number' ? local(concluded) : concluded,
      })
    client = await openClient(opened.database, { limits: unlimited })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const reasonOf = ({ reason }: CallModel) =>
    version === 'V1' ? null : reasonNames[reason] === undefined ? 'UNKNOWN' : reasonNames[reason]
  const callStats = async (by: string[], more = '', of = '') => {
    const field = `callStats(since: "${since}", until: "${until}", by: [${by}] ${more}) { rows { time reason callerDomain appId count } otherCount totalCount }`
    const data = await client.ask(of === '' ? `{ ${field} }` : `{ selector(name: "${of}") { ${field} } }`)
    return of === '' ? data.callStats : data.selector.callStats
  }

  it.each([
    ['HOUR', hours, ''],
    ['DAY', days, `timeZone: "${zone}"`],
  ] as const)('count calls by reason for each %s, also where there are none', async (bucket, starts, more) => {
    const { rows, totalCount } = await callStats([bucket, 'REASON'], more)
    const found = rows.map(({ time, reason, count }: { time: string; reason: string; count: number }) => [
      time,
      reason,
      count,
    ])
    const expected = [
      ...counted(
        inSpan,
        ({ time }) => time,
        (call) => [String(reasonOf(call))],
        starts,
      ),
    ].map(([cell, those]) => {
      const [start = '', reason = ''] = cell.split(' ')
      return [instant(Number(start)), reason === 'null' ? null : reason, those.length]
    })
    const sorted = (cells: unknown[][]) => cells.map((cell) => JSON.stringify(cell)).toSorted()
    expect(sorted(found)).toEqual(sorted(expected))
    expect(found.map(([time]: string[]) => time)).toEqual(found.map(([time]: string[]) => time).toSorted())
    expect(totalCount).toBe(inSpan.length)
  })

  it('count a call once for each app of its selector, and once in total', async () => {
    const { rows, totalCount } = await callStats(['APP'])
    const expected = new Map<string | null, number>()
    for (const { selector } of inSpan)
      for (const app of appsOf(selector).length === 0 ? [null] : appsOf(selector))
        expected.set(app, (expected.get(app) ?? 0) + 1)
    expect(
      Object.fromEntries(rows.map(({ appId, count }: { appId: string; count: number }) => [appId, count])),
    ).toEqual(Object.fromEntries(expected))
    expect(totalCount).toBe(inSpan.length)
  })

  it('take domains in any case for the same, and sum up the groups beyond the first', async () => {
    const byDomain = new Map<string | null, number>()
    for (const { domain } of inSpan) {
      const name = domain.toLowerCase() || null
      byDomain.set(name, (byDomain.get(name) ?? 0) + 1)
    }
    const sorted = [...byDomain].toSorted(([, one], [, other]) => other - one)
    const all = await callStats(['CALLER_DOMAIN'])
    expect(
      all.rows.map(({ callerDomain, count }: { callerDomain: string; count: number }) => [callerDomain, count]),
    ).toEqual(sorted)
    const one = await callStats(['CALLER_DOMAIN'], 'first: 1')
    expect([one.rows.length, one.rows[0].count, one.otherCount, one.totalCount]).toEqual([
      1,
      sorted[0]?.[1],
      inSpan.length - (sorted[0]?.[1] ?? 0),
      inSpan.length,
    ])
  })

  it('count what a filter matches, and the calls of one selector', async () => {
    const { totalCount, rows } = await callStats(
      [],
      'filter: { caller: { username: "alice" }, since: "2026-10-25T00:00:00Z" }',
    )
    const wanted = inSpan.filter(
      ({ username, time }) => username === 'alice' && time >= Date.parse('2026-10-25T00:00:00Z'),
    )
    expect([totalCount, rows]).toEqual([
      wanted.length,
      [{ time: null, reason: null, callerDomain: null, appId: null, count: wanted.length }],
    ])
    const own = await callStats(
      ['DAY'],
      `timeZone: "${zone}"`,
      (await client.ask('{ selectors(first: 1, orderBy: NAME_ASC) { nodes { name } } }')).selectors.nodes[0].name,
    )
    const expected = counted(
      inSpan.filter(({ selector }) => selector === 1),
      ({ time }) => time,
      () => [''],
      days,
    )
    expect(own.rows.map(({ count }: { count: number }) => count)).toEqual(
      [...expected.values()].map((those) => those.length),
    )
  })

  it('begin a day with the first of two midnights, where clocks are put back at one o’clock', async () => {
    // In Havana the hour from midnight comes twice on 2026-11-01: 04:00Z and 05:00Z.
    for (const [n, time] of ['03:59:59', '04:00:00', '04:30:00', '05:30:00'].entries())
      await addRow(opened, 'sipcalls', 1, { rowid: 9_000 + n, time: `2026-11-01T${time}Z` })
    const countsOf = async (from: string) => {
      const { callStats } = await client.ask(
        `{ callStats(since: "${from}", until: "2026-11-02T00:00:00Z", by: [DAY], timeZone: "America/Havana") { rows { time count } } }`,
      )
      return callStats.rows.map(({ time, count }: { time: string; count: number }) => [time.slice(0, 16), count])
    }
    expect(await countsOf('2026-11-01T00:00:00Z')).toEqual([
      ['2026-10-31T04:00', 1],
      ['2026-11-01T04:00', 3],
    ])
    expect(await countsOf('2026-11-01T04:15:00Z')).toEqual([['2026-11-01T04:00', 2]])
  })

  it('tell whether push tests came in time, with infinite times and clocks that are behind', async () => {
    const { pushTestStats } = await client.ask(
      `{ pushTestStats(since: "${since}", until: "${until}", by: [PLATFORM, DAY], timeZone: "${zone}") {
        rows { time platform sent concluded concludedInTime pending unanswered successRate latencyMs { p50 p99 } } } }`,
    )
    const expected = [
      ...counted(
        testsInSpan,
        ({ started }) => started,
        ({ platform }) => [platform],
        days,
      ),
    ].map(([cell, those]) => {
      const [start = '', platform = ''] = cell.split(' ')
      const done = those.filter(({ concluded }) => concluded !== null)
      const latencies = done
        .flatMap(({ started, concluded }) =>
          typeof concluded === 'number' && concluded >= started ? [concluded - started] : [],
        )
        .toSorted((a, b) => a - b)
      const inTime = latencies.filter((ms) => ms <= 15_000).length
      return {
        time: instant(Number(start)),
        platform,
        sent: those.length,
        concluded: done.length,
        concludedInTime: inTime,
        pending: 0,
        unanswered: those.length - done.length,
        successRate: those.length === 0 ? null : inTime / those.length,
        latencyMs:
          latencies.length === 0 ? null : { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
      }
    })
    const byCell = (rows: readonly { time: string; platform: string }[]) =>
      new Map(rows.map((row) => [`${row.time} ${row.platform}`, row]))
    expect(byCell(pushTestStats.rows)).toEqual(byCell(expected))
  })

  it('measure a push test in the zone of its times, also while clocks are put forward', async () => {
    const [started, concluded] = ['2026-03-29T01:59:55', '2026-03-29T03:00:05']
    await addRow(opened, 'pushtests', 1, { pushid: 'spring', platform: 'web', started, concluded })
    const outcome = async (timeZone: string) => {
      await using own = await openClient(opened.database, { limits: unlimited, timeZone })
      const { pushTestStats } = await own.ask(
        `{ pushTestStats(since: "2026-03-29T00:00:00Z", until: "2026-03-29T02:00:00Z", by: [HOUR]) { rows { time sent concludedInTime latencyMs { p50 } } } }`,
      )
      return pushTestStats.rows
    }
    const empty = { sent: 0, concludedInTime: 0, latencyMs: null }
    const midnight = '2026-03-29T00:00:00.000000Z'
    const one = '2026-03-29T01:00:00.000000Z'
    expect(await outcome('UTC')).toEqual([
      { time: midnight, ...empty },
      { time: one, sent: 1, concludedInTime: 0, latencyMs: { p50: 3_610_000 } },
    ])
    expect(await outcome('Europe/Prague')).toEqual([
      { time: midnight, sent: 1, concludedInTime: 1, latencyMs: { p50: 10_000 } },
      { time: one, ...empty },
    ])
  })

  it('sum up the push tests of the groups beyond the first', async () => {
    const sizes = [...Map.groupBy(testsInSpan, ({ platform }) => platform).values()].map((those) => those.length)
    const [largest = 0, ...others] = sizes.toSorted((a, b) => b - a)
    for (const bucket of ['', ', DAY']) {
      const { pushTestStats } = await client.ask(
        `{ pushTestStats(since: "${since}", until: "${until}", by: [PLATFORM${bucket}], first: 1) { rows { platform sent } otherCount } }`,
      )
      const sent = pushTestStats.rows.map((row: { sent: number }) => row.sent)
      expect(sent.reduce((sum: number, one: number) => sum + one, 0)).toBe(largest)
      expect(pushTestStats.otherCount).toBe(others.reduce((sum, one) => sum + one, 0))
    }
  })

  it('tell pending push tests from unanswered ones', async () => {
    const now = Date.now()
    await addRow(opened, 'pushtests', 1, { pushid: 'pending', platform: 'web', started: local(now), concluded: null })
    const [from, to] = [iso(now - hourMs), iso(now + hourMs)]
    const { pushTestStats } = await client.ask(
      `{ pushTestStats(since: "${from}", until: "${to}", by: [], inTimeMs: 600000) { rows { sent pending unanswered successRate } } }`,
    )
    expect(pushTestStats.rows).toEqual([{ sent: 1, pending: 1, unanswered: 0, successRate: null }])
  })

  it('find the callers with the most calls, and how many selectors they called', async () => {
    const { topCallers } = await client.ask(
      `{ topCallers(since: "${since}", until: "${until}", first: 5) { nodes { caller { username domain displayName } count selectors lastTime } } }`,
    )
    const callers = new Map<string, CallModel[]>()
    for (const call of inSpan) {
      const name = JSON.stringify([call.username || null, call.domain.toLowerCase() || null])
      callers.set(name, [...(callers.get(name) ?? []), call])
    }
    const sizes = [...callers.values()].map((those) => those.length).toSorted((a, b) => b - a)
    expect(topCallers.nodes.map(({ count }: { count: number }) => count)).toEqual(sizes.slice(0, 5))
    for (const { caller, count, selectors: called, lastTime } of topCallers.nodes) {
      const those = callers.get(JSON.stringify([caller.username, caller.domain])) ?? []
      const last = Math.max(...those.map(({ time }) => time))
      expect([count, called, lastTime]).toEqual([
        those.length,
        new Set(those.map(({ selector }) => selector)).size,
        instant(last),
      ])
      expect(calls[Number(caller.displayName.slice(1))]?.time).toBe(last)
    }
  })

  it('find the same callers from memory and from the table', async () => {
    const projection = projectionOf(version, { ...(await detect(opened.database)), timeZone: 'UTC' })
    const topCallers = prepareTopCallers(projection)
    const span = { since: '2026-10-24 10:30:00+00', until: '2026-10-27 03:00:00+00' }
    const [few, many] = await Promise.all(
      [1, 1_000_000].map((rows) => opened.database.query(topCallers(span, 10, rows))),
    )
    expect(few).toEqual(many)
    expect(few).toHaveLength(10)
  })

  it('count tokens by app and age', async () => {
    const bounds = ['2026-10-03T00:00:00Z', '2026-10-08T00:00:00Z']
    const { tokenStats } = await client.ask(
      `query ($b: [DateTime!]!) { tokenStats(olderThan: $b) { rows { appId count neverSeen older } } }`,
      { b: bounds },
    )
    const rows = await opened.sql(
      `SELECT appid, count(*), count(*) - count(lastseen), count(*) FILTER (WHERE lastseen < '2026-10-03Z'), count(*) FILTER (WHERE lastseen < '2026-10-08Z') FROM tokens GROUP BY 1 ORDER BY 2 DESC, 1`,
    )
    expect(tokenStats.rows).toEqual(
      rows.map(([appId, count, neverSeen, ...older]) => ({
        appId,
        count: Number(count),
        neverSeen: Number(neverSeen),
        older: older.map(Number),
      })),
    )
  })

  it('tell for several selectors at once whether pushes arrive', async () => {
    const { selectors: found } = await client.ask(
      `{ selectors(orderBy: NAME_ASC) { nodes { pushHealth(tests: 7) { tokens testsSent testsConcluded testsInTime lastTest { pushId } } } } }`,
    )
    const expected = selectors.map((number) => {
      const own = tests.map((test, n) => ({ ...test, n })).filter(({ selector }) => selector === number)
      const newest = own.toSorted((a, b) => b.started - a.started).slice(0, 7)
      const done = newest.filter(({ concluded }) => concluded !== null)
      const inTime = done.filter(
        ({ started, concluded }) =>
          typeof concluded === 'number' && concluded >= started && concluded - started <= 15_000,
      )
      return {
        testsSent: newest.length,
        testsConcluded: done.length,
        testsInTime: inTime.length,
        lastTest: newest[0] && { pushId: `p${newest[0].n}` },
      }
    })
    const shown = found.nodes.map(({ pushHealth: { tokens: _, ...rest } }: { pushHealth: { tokens: number } }) => rest)
    // The first selector has a newer one from another test.
    expect(shown.slice(1)).toEqual(expected.slice(1))
    expect(found.nodes.map(({ pushHealth }: { pushHealth: { tokens: number } }) => pushHealth.tokens)).toEqual([
      3, 1, 1, 2, 1, 0,
    ])
  })

  it('join what the database has of a server with what its process says', async () => {
    for (const [n, [number, server]] of (
      [
        [1, 'Sipis9'],
        [1, 'Sipis1'],
        [2, 'Sipis1'],
        [3, 'Sipis2'],
      ] as const
    ).entries())
      await opened.sql(
        version === 'V1'
          ? `INSERT INTO restart (id, name, value, seq, server) VALUES ($1, $2, '', $3, $4)`
          : `INSERT INTO restart (selector, name, seq, value) VALUES ($1, $2, $3, $4)`,
        version === 'V1' ? [number, `n${n}`, n, server] : [selectorNamed(number), 'server', n, server],
      )
    const asked = { summary: { ...emptySummary, name: 'Sipis1', registered: 7 } }
    const processes = async () => [
      { address: '127.0.0.1:5000', asked },
      { address: '127.0.0.1:5001', asked: { problem: 'ECONNREFUSED' } },
    ]
    await using own = await openClient(opened.database, { processes })
    const { servers } = await own.ask('{ servers { nodes { name instances process { problem registered } } } }')
    expect(servers.nodes).toEqual([
      { name: 'Sipis1', instances: 2, process: { problem: null, registered: 7 } },
      { name: 'Sipis2', instances: 1, process: null },
      { name: '127.0.0.1:5001', instances: null, process: { problem: 'ECONNREFUSED', registered: null } },
    ])
  })

  it.each([
    [`callStats(since: "${until}", until: "${since}", by: []) { totalCount }`, /until must be later than since/],
    [
      'callStats(since: "2026-01-01T00:00:00Z", until: "2026-03-01T00:00:00Z", by: []) { totalCount }',
      /more than 31 days apart/,
    ],
    [`callStats(since: "${since}", until: "${until}", by: [DAY, HOUR]) { totalCount }`, /one of them/],
    [
      `callStats(since: "${since}", until: "${until}", by: [DAY], timeZone: "Mars/Olympus") { totalCount }`,
      /no time zone/,
    ],
    [`callStats(since: "${since}", until: "${until}", by: [DAY], timeZone: "+02:00") { totalCount }`, /no time zone/],
    [`callStats(since: "${since}", until: "${until}", by: [], first: 0) { totalCount }`, /first is 0/],
    [`topCallers(since: "${since}", until: "${until}", first: 101) { asOf }`, /first is 101/],
    [`pushTestStats(since: "${since}", until: "${until}", by: [], first: 0) { asOf }`, /first is 0/],
    [`pushTestStats(since: "${since}", until: "${until}", by: [], inTimeMs: -1) { asOf }`, /inTimeMs is -1/],
    [`tokenStats(olderThan: [${Array.from({ length: 11 }, () => `"${since}"`)}]) { asOf }`, /at most 10/],
  ])('refuse %s', async (field, message) => {
    const { errors = [] } = await client.answer(`{ ${field} }`)
    expect(errors.map(({ extensions, message: said }) => [extensions.code, message.test(said)])).toEqual([
      ['BAD_USER_INPUT', true],
    ])
  })

  it('are computed once for several that ask, and refused beyond four in an operation', async () => {
    client.statements()
    const asked = `{ topCallers(since: "2026-10-20T00:00:00Z", until: "${until}") { nodes { count } } }`
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.ask(asked)))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    // One to estimate, one to count.
    expect(client.statements().filter(({ isStatistic }) => isStatistic === true)).toHaveLength(2)
    const many = [...'abcde'].map((alias) => `${alias}: tokenStats(olderThan: []) { asOf }`).join(' ')
    const { errors = [] } = await client.answer(`{ ${many} }`)
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['TOO_COSTLY'])
  })

  it('are refused where the span has too many rows, with the span that would pass', async () => {
    await opened.sql('ANALYZE')
    const limited = await openClient(opened.database, { limits: { ...unlimited, statisticsRows: 100 } })
    const { errors = [] } = await limited.answer(
      `{ callStats(since: "${since}", until: "${until}", by: []) { totalCount } }`,
    )
    await limited[Symbol.asyncDispose]()
    expect(errors[0]).toMatchObject({
      message: expect.stringMatching(
        /about \d+ rows; the limit is 100 \(LIMIT_STATISTICS_ROWS\)\. Ask for \d+ hours? at a time/,
      ),
      extensions: { code: 'TOO_COSTLY', setting: 'LIMIT_STATISTICS_ROWS', limit: 100 },
    })
  })
})

const emptySummary = {
  version: null,
  uptimeSeconds: null,
  queueLength: null,
  instances: null,
  idle: null,
  registering: null,
  unauthorized: null,
  inError: null,
}
