/** Statistics of rows that no key and no encoding keeps in order, compared with a count of the rows as they are stored. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatInstant } from '../../src/graph/date-time.ts'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addDirtyRows } from '../support/dirty-rows.ts'
import { percentile } from '../support/percentile.ts'

const [since, until] = ['2026-11-20T22:00:00Z', '2026-11-22T02:00:00Z']
const [sinceMs, untilMs] = [Date.parse(since), Date.parse(until)]
const hourMs = 3_600_000
/** In Europe/Prague, an hour before UTC. */
const days = [-24, 0, 24].map((hours) => Date.parse('2026-11-20T23:00:00Z') + hours * hourMs)
const hours = Array.from({ length: (untilMs - sinceMs) / hourMs }, (_, hour) => sinceMs + hour * hourMs)
const buckets = { '': [sinceMs], DAY: days, HOUR: hours }

/** Milliseconds since the start of the span, so that floating-point numbers hold microseconds. */
const sinceSpan = (time: string) => `1000 * (extract(epoch FROM ${time}) - ${sinceMs / 1000})`

/** Texts are bytes, one character each. */
type Row = Readonly<Record<string, string>>
const shown = (bytes: string | undefined) => Buffer.from(bytes ?? '', 'latin1').toString('utf8') || null
const lower = (bytes: string) => bytes.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
const reasonNames: Readonly<Record<string, string | null>> = {
  Missed: 'MISSED',
  AnsweredElsewhere: 'ANSWERED_ELSEWHERE',
  RejectedByDnd: 'REJECTED_BY_DND',
  '': null,
}
const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted()
const printed = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z')

describe.each(backends)('Statistics of dirty rows on $name', ({ version, open }) => {
  let opened: Opened
  let client: Client
  let calls: Row[]
  let tests: Row[]
  let tokens: Row[]

  beforeAll(async () => {
    opened = await open()
    await addDirtyRows(opened)
    const owner = version === 'V1' ? 'id::text' : 'selector'
    calls = await rowsOf('sipcalls', {
      owner,
      username: 'username',
      domain: 'domain',
      reason: version === 'V1' ? `''` : 'missedreason',
      ms: '1000 * extract(epoch FROM time)',
    })
    tests = await rowsOf('pushtests', {
      owner,
      platform: 'platform',
      ms: '1000 * extract(epoch FROM started)',
      started: sinceSpan('started'),
      concluded: sinceSpan('concluded'),
    })
    tokens = await rowsOf('tokens', { owner, app: 'appid', ms: '1000 * extract(epoch FROM lastseen)' })
    client = await openClient(opened.database, { limits: unlimited })
  })
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]()
    await opened?.[Symbol.asyncDispose]()
  })

  const rowsOf = async (table: string, columns: Readonly<Record<string, string>>): Promise<Row[]> => {
    const [[encoding = ''] = []] = await opened.sql('SHOW server_encoding')
    const hex = Object.values(columns).map(
      (sql) => `encode(convert_to(coalesce((${sql})::text, ''), '${encoding}'), 'hex')`,
    )
    const rows = await opened.sql(`SELECT ${hex.join(', ')} FROM ${table}`)
    return rows.map((row) =>
      Object.fromEntries(
        Object.keys(columns).map((name, place) => [name, Buffer.from(row[place] ?? '', 'hex').toString('latin1')]),
      ),
    )
  }
  const inSpan = (rows: readonly Row[]) => rows.filter(({ ms }) => Number(ms) >= sinceMs && Number(ms) < untilMs)
  const appsOf = ({ owner }: Row) => {
    const apps = new Set(tokens.filter((token) => token['owner'] === owner).map(({ app = '' }) => app))
    return apps.size === 0 ? [''] : [...apps]
  }

  /** Rows by group and time, also where there are none. A group is named by its bytes. */
  const cells = (
    rows: readonly Row[],
    dimensions: readonly string[],
    starts: readonly number[],
    of: (row: Row) => Row,
  ) => {
    const found = new Map<string, Row[]>()
    const each = rows.flatMap((row) =>
      (dimensions.includes('APP') ? appsOf(row) : ['']).map((app) => ({
        row,
        group: JSON.stringify({ ...of(row), app }),
      })),
    )
    for (const { group } of each) for (const start of starts) found.set(`${start} ${group}`, [])
    for (const { row, group } of each)
      found.get(`${starts.findLast((start) => start <= Number(row['ms']))} ${group}`)?.push(row)
    return [...found].map(([name, those]) => {
      const [start = ''] = name.split(' ', 1)
      const group: Row = JSON.parse(name.slice(start.length + 1))
      return { start: Number(start), group, those }
    })
  }

  const combinations = (['', 'DAY', 'HOUR'] as const).flatMap((bucket) =>
    [[], ['REASON'], ['CALLER_DOMAIN'], ['APP'], ['REASON', 'CALLER_DOMAIN'], ['APP', 'REASON']].map((groups) => ({
      bucket,
      groups,
    })),
  )

  it.each(combinations.filter(({ bucket, groups }) => bucket !== 'HOUR' || groups.length < 2))(
    'count calls by $groups $bucket',
    async ({ bucket, groups }) => {
      const { callStats } = await client.ask(
        `{ callStats(since: "${since}", until: "${until}", by: [${[...groups, bucket]}], first: 100, timeZone: "Europe/Prague") {
          rows { time reason callerDomain appId count } totalCount otherCount } }`,
      )
      const expected = cells(inSpan(calls), groups, buckets[bucket], ({ reason = '', domain = '' }) => ({
        reason: groups.includes('REASON') ? reasonName(reason) : '',
        domain: groups.includes('CALLER_DOMAIN') ? lower(domain) : '',
      })).map(({ start, group, those }) => ({
        time: bucket === '' ? null : printed(start),
        reason: group['reason'] || null,
        callerDomain: shown(group['domain']),
        appId: shown(group['app']),
        count: those.length,
      }))
      expect(sorted(callStats.rows)).toEqual(sorted(expected))
      expect([callStats.totalCount, callStats.otherCount]).toEqual([inSpan(calls).length, 0])
    },
  )
  const reasonName = (word: string) => {
    const name = reasonNames[word]
    return version === 'V1' || name === null ? '' : (name ?? 'UNKNOWN')
  }

  it.each([
    { bucket: '', groups: [], stored: 'UTC' },
    { bucket: '', groups: ['PLATFORM', 'APP'], stored: 'UTC' },
    { bucket: 'DAY', groups: ['PLATFORM'], stored: 'UTC' },
    { bucket: 'HOUR', groups: ['APP'], stored: 'UTC' },
    { bucket: 'DAY', groups: ['PLATFORM'], stored: 'Europe/Prague' },
  ] as const)('count push tests by $groups $bucket, stored in $stored', async ({ bucket, groups, stored }) => {
    await using own = await openClient(opened.database, { limits: unlimited, timeZone: stored })
    const { pushTestStats } = await own.ask(
      `{ pushTestStats(since: "${since}", until: "${until}", by: [${[...groups, bucket]}], timeZone: "Europe/Prague") {
        rows { time platform appId sent concluded concludedInTime pending latencyMs { p50 p90 p95 p99 } } } }`,
    )
    const byPlatform = groups.some((group) => group === 'PLATFORM')
    const instants = stored === 'UTC' ? tests : tests.map(inPrague)
    const expected = cells(inSpan(instants), groups, buckets[bucket], ({ platform = '' }) => ({
      platform: byPlatform ? platform : '',
    })).map(({ start, group, those }) => ({
      time: bucket === '' ? null : printed(start),
      platform: shown(group['platform']),
      appId: shown(group['app']),
      ...outcomes(those),
    }))
    expect(sorted(pushTestStats.rows.map(rounded))).toEqual(sorted(expected.map(rounded)))
  })

  it('count tokens by app and age', async () => {
    const { tokenStats } = await client.ask(
      `{ tokenStats(olderThan: ["${since}", "9999-12-31T00:00:00Z"]) { rows { appId count neverSeen older } } }`,
    )
    const apps = Map.groupBy(tokens, ({ app = '' }) => app)
    const expected = [...apps].map(([app, those]) => ({
      appId: shown(app) ?? '',
      count: those.length,
      neverSeen: those.filter(({ ms }) => ms === '').length,
      older: [since, '9999-12-31T00:00:00Z'].map(
        (bound) => those.filter(({ ms }) => ms !== '' && Number(ms) < Date.parse(bound)).length,
      ),
    }))
    expect(sorted(tokenStats.rows)).toEqual(sorted(expected))
  })

  it('find the callers with the most calls', async () => {
    const { topCallers } = await client.ask(
      `{ topCallers(since: "${since}", until: "${until}", first: 100) { nodes { caller { username domain } count selectors } } }`,
    )
    const callers = Map.groupBy(inSpan(calls), ({ username, domain = '' }) => JSON.stringify([username, lower(domain)]))
    const expected = [...callers].map(([caller, those]) => {
      const [username, domain] = JSON.parse(caller)
      const called = new Set(those.map(({ owner }) => owner)).size
      return { caller: { username: shown(username), domain: shown(domain) }, count: those.length, selectors: called }
    })
    expect(sorted(topCallers.nodes)).toEqual(sorted(expected))
  })

  it('count the selectors of each server by their newest entry', async () => {
    const [link, own, entries] =
      version === 'V1' ? ['id', 'server', 'server IS NOT NULL'] : ['selector', `coalesce(value, '')`, `name = 'server'`]
    const served =
      version === 'V1'
        ? 'SELECT * FROM selectors WHERE selector IS NOT NULL'
        : 'SELECT DISTINCT ON (selector) * FROM selectors ORDER BY selector, lastseen DESC, id DESC'
    await opened.sql(`CREATE VIEW runs AS SELECT s.lastseen, (SELECT ${own} FROM restart r
      WHERE r.${link} = s.${link} AND ${entries} ORDER BY rowid DESC LIMIT 1) AS server FROM (${served}) AS s`)
    const [[encoding = ''] = []] = await opened.sql('SHOW server_encoding')
    const counted = await opened.sql(
      `SELECT encode(convert_to(server, '${encoding}'), 'hex'), count(*), max(lastseen), min(lastseen) FROM runs WHERE server <> '' GROUP BY server`,
    )
    await opened.sql('DROP VIEW runs')
    const { servers } = await client.ask('{ servers { nodes { name instances newestSeen oldestSeen } } }')
    const expected = counted.map(([name, instances, newest, oldest]) => ({
      name: Buffer.from(String(name), 'hex').toString('utf8'),
      instances: Number(instances),
      newestSeen: formatInstant(String(newest)),
      oldestSeen: formatInstant(String(oldest)),
    }))
    expect(sorted(servers.nodes)).toEqual(sorted(expected))
  })
})

/** A push test whose times are an hour ahead of UTC. Years that the API does not show are those of UTC in every zone. */
function inPrague({ ms = '', started = '', concluded = '', ...test }: Row): Row {
  const earlier = (time: string, start: number) =>
    Math.abs(Number(time) + start - sinceMs) < 30 * 24 * hourMs && time !== '' ? String(Number(time) - hourMs) : time
  return { ...test, ms: earlier(ms, 0), started: earlier(started, sinceMs), concluded: earlier(concluded, sinceMs) }
}

function outcomes(tests: readonly Row[]) {
  const done = tests.filter(({ concluded }) => concluded !== '')
  // Years that the API can show.
  const latencies = done
    .filter(({ concluded }) => Number(concluded) + sinceMs < Date.UTC(10_000, 0))
    .map(({ started, concluded }) => Number(concluded) - Number(started))
    .filter((latency) => latency >= 0)
    .toSorted((a, b) => a - b)
  const [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map((part) => percentile(latencies, part))
  return {
    sent: tests.length,
    concluded: done.length,
    concludedInTime: latencies.filter((latency) => latency <= 15_000.0001).length,
    pending: tests.filter(({ ms, concluded }) => concluded === '' && Number(ms) > Date.now() - 15_000).length,
    latencyMs: latencies.length === 0 ? null : { p50, p90, p95, p99 },
  }
}

/** Numbers to the microsecond. Percentiles lie on hundredths of it, none of which is rounded up here and down there. */
function rounded(row: object): unknown {
  return JSON.parse(JSON.stringify(row), (_, value) =>
    typeof value === 'number' ? Math.round(value * 1000 + 0.2137) : value,
  )
}
