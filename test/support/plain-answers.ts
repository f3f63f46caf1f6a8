/** The questions of docs/support.md in plain SQL, as an administrator would type it. By the name of the operation. */
import { formatInstant, millisecondsBetween } from '../../src/graph/date-time.ts'
import type { Opened } from './database.ts'

type Cells = (string | null)[]
type Rows = (text: string, values?: readonly unknown[]) => Promise<Cells[]>

export interface Asked {
  readonly name: string
  readonly callId: string
}

const day = `time >= '2026-11-21 00:00:00+00' AND time < '2026-11-22 00:00:00+00'`
const time = (text: string | null | undefined) => (text == null ? null : formatInstant(text))
const latency = (started: string | null, concluded: string | null) =>
  started === null || concluded === null ? null : millisecondsBetween(started, concluded)
const reasonNames: Readonly<Record<string, string | null>> = {
  Missed: 'MISSED',
  AnsweredElsewhere: 'ANSWERED_ELSEWHERE',
  RejectedByDnd: 'REJECTED_BY_DND',
  '': null,
}
const reason = (word: string | null = '') =>
  word === null ? null : reasonNames[word] === undefined ? 'UNKNOWN' : reasonNames[word]
const numbers = (cells: Cells) => cells.map(Number)
const of = <Names extends string>(names: readonly Names[], cells: readonly unknown[]) =>
  Object.fromEntries(names.map((name, place) => [name, cells[place] ?? null]))

/** What differs between the versions. */
function wordsOf(version: Opened['version']) {
  const isV1 = version === 'V1'
  const link = isV1 ? 'id' : 'selector'
  const served = isV1
    ? 'SELECT * FROM selectors WHERE selector IS NOT NULL'
    : 'SELECT DISTINCT ON (selector) * FROM selectors ORDER BY selector, lastseen DESC, id DESC'
  const [server, isServer] = isV1 ? ['server', 'server IS NOT NULL'] : ['value', `name = 'server'`]
  return {
    isV1,
    link,
    reason: isV1 ? `''` : 'missedreason',
    newestOf: (name: string) =>
      `(SELECT coalesce(longvalue, value) FROM data d WHERE d.${link} = s.${link} AND name = '${name}' ORDER BY rowid DESC LIMIT 1)`,
    /** Served selectors with their server. */
    s: `(SELECT s.*, (SELECT nullif(${server}, '') FROM restart r WHERE r.${link} = s.${link} AND ${isServer} ORDER BY rowid DESC LIMIT 1) AS server
      FROM (${served}) AS s) AS s`,
  }
}

export function plainAnswers(sql: Rows, version: Opened['version']) {
  const { isV1, link, reason: reasonColumn, newestOf, s } = wordsOf(version)
  const linkOf = `(SELECT ${link} FROM ${s} WHERE selector = $1)`
  const own = `${link} = ${linkOf}`

  const who = async () => {
    const seen = await sql(
      `SELECT selector, lastseen, server FROM ${s} WHERE ${newestOf('username')} = '1003' ORDER BY lastseen DESC, id DESC LIMIT 20`,
    )
    const called = await sql(`SELECT selector FROM ${s} WHERE EXISTS (SELECT FROM sipcalls c WHERE c.${link} = s.${link}
      AND right(username, 6) = '757504' AND time >= '2026-11-01 00:00:00+00') ORDER BY lastseen DESC, id DESC LIMIT 20`)
    const bySuffix = await sql(`SELECT selector FROM ${s} WHERE substring(selector, 41) = ':5A880DCA'`)
    return {
      byUser: { nodes: seen.map(([name, lastSeen, server]) => ({ name, lastSeen: time(lastSeen), server })) },
      byCaller: { nodes: called.map(([name]) => ({ name })) },
      bySuffix: { nodes: bySuffix.map(([name]) => ({ name })) },
    }
  }

  const installations = async ({ name }: Asked) => {
    const others = await sql(
      `SELECT selector, lastseen FROM ${s} WHERE left(selector, 40) = left($1::text, 40) AND selector <> $1`,
      [name],
    )
    const settings = await sql(
      `SELECT DISTINCT ON (name) name, coalesce(longvalue, value) FROM data WHERE ${own} AND name IN ('username', 'host', 'title') ORDER BY name, rowid DESC`,
      [name],
    )
    const nodes = others.map(([other, lastSeen]) => ({ name: other, lastSeen: time(lastSeen) }))
    return {
      installations: { totalCount: others.length, nodes },
      settings: settings.map((cells) => of(['name', 'value'], cells)),
    }
  }

  const seen = async ({ name }: Asked) => {
    const [[lastSeen, server] = []] = await sql(`SELECT lastseen, server FROM ${s} WHERE selector = $1`, [name])
    return { lastSeen: time(lastSeen), server }
  }

  const tokens = async ({ name }: Asked) => {
    const bytes = `convert_to(token, current_setting('server_encoding'))`
    const rows = await sql(
      `SELECT appid, left(encode(sha256(${bytes}), 'hex'), 16), lastseen FROM tokens WHERE ${own}`,
      [name],
    )
    return {
      tokens: {
        nodes: rows.map(([appId, fingerprint, lastSeen]) => ({ appId, fingerprint, lastSeen: time(lastSeen) })),
      },
    }
  }

  const pushes = async ({ name }: Asked) => {
    const [[count, newest] = []] = await sql(`SELECT count(*), max(lastseen) FROM tokens WHERE ${own}`, [name])
    const found = await sql(
      `SELECT platform, started, concluded FROM pushtests WHERE ${own} ORDER BY started DESC LIMIT 5`,
      [name],
    )
    const tests = found.map(([platform, started = null, concluded = null]) => ({
      platform,
      started: time(started),
      concluded: time(concluded),
      latencyMs: latency(started, concluded),
    }))
    const isInTime = (ms: number | null) => ms !== null && ms >= 0 && ms <= 15_000
    const [last] = tests
    return {
      pushHealth: {
        tokens: Number(count),
        newestToken: time(newest),
        testsSent: tests.length,
        testsConcluded: tests.filter(({ concluded }) => concluded !== null).length,
        testsInTime: tests.filter(({ latencyMs }) => isInTime(latencyMs)).length,
        lastTest: last === undefined ? null : { started: last.started, latencyMs: last.latencyMs },
      },
      pushTests: { nodes: tests },
    }
  }

  const reached = async ({ name, callId }: Asked) => {
    const newest = 'ORDER BY time DESC, rowid DESC LIMIT 20'
    const mine = await sql(`SELECT time, ${reasonColumn} FROM sipcalls WHERE ${own} AND callid = $2 ${newest}`, [
      name,
      callId,
    ])
    const all = await sql(
      `SELECT time, s.selector FROM sipcalls c JOIN ${s} USING (${link}) WHERE callid = $1 AND ${day} ${newest}`,
      [callId],
    )
    return {
      calls: { nodes: mine.map(([at, word]) => ({ time: time(at), missedReason: isV1 ? null : reason(word) })) },
      all: { nodes: all.map(([at, selector]) => ({ time: time(at), selector: { name: selector } })) },
    }
  }

  const reasons = async ({ name }: Asked) => {
    const rows = await sql(
      `SELECT date_trunc('day', time AT TIME ZONE 'Europe/Prague') AT TIME ZONE 'Europe/Prague',
        CASE WHEN ${reasonColumn} IN ('', 'Missed', 'AnsweredElsewhere', 'RejectedByDnd') THEN ${reasonColumn} ELSE '?' END, count(*)
      FROM sipcalls WHERE ${own} AND time >= '2026-11-14 00:00:00+00' AND time < '2026-11-22 00:00:00+00' GROUP BY 1, 2`,
      [name],
    )
    return {
      callStats: {
        totalCount: rows.reduce((sum, [, , count]) => sum + Number(count), 0),
        rows: rows.map(([at, word, count]) => ({ time: time(at), reason: reason(word), count: Number(count) })),
      },
    }
  }

  const oneCaller = async ({ name }: Asked) => {
    const [[count] = []] = await sql(`SELECT count(*) FROM sipcalls WHERE ${own} AND right(username, 6) = '757504'`, [
      name,
    ])
    const caller = (qualifier: string) =>
      `coalesce(${qualifier}username, ''), lower(coalesce(${qualifier}domain, '') COLLATE "C")`
    const top =
      await sql(`SELECT n, selectors, t, (SELECT nullif(userdisplayname, '') FROM sipcalls c WHERE (${caller('c.')}) = (u, d) AND c.time = t)
      FROM (SELECT ${caller('')}, count(*), count(DISTINCT ${link}), max(time) FROM sipcalls WHERE ${day} GROUP BY 1, 2) AS top(u, d, n, selectors, t)
      ORDER BY n DESC, u COLLATE "C", d COLLATE "C" LIMIT 5`)
    const nodes = top.map(([n, selectors, at, displayName]) => ({
      ...of(['count', 'selectors'], numbers([n ?? null, selectors ?? null])),
      lastTime: time(at),
      caller: { displayName },
    }))
    return { calls: { totalCount: Number(count) }, topCallers: { nodes } }
  }

  const others = async () => {
    const ms = `CASE WHEN concluded BETWEEN started AND '9999-12-31' THEN extract(epoch FROM concluded - started) * 1000 END`
    const counted =
      await sql(`SELECT nullif(platform, ''), count(*), count(concluded), count(*) FILTER (WHERE ${ms} <= 15000),
        count(*) FILTER (WHERE concluded IS NULL AND started > now() AT TIME ZONE 'UTC' - interval '15 s'),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY ${ms}), percentile_cont(0.99) WITHIN GROUP (ORDER BY ${ms})
      FROM pushtests WHERE started >= '2026-11-21' AND started < '2026-11-22' GROUP BY pushtests.platform`)
    const rows = counted.map(([platform, ...cells]) => {
      const [sent = 0, concluded = 0, concludedInTime = 0, pending = 0, p50 = 0, p99 = 0] = numbers(cells)
      const unanswered = sent - concluded - pending
      const successRate = sent === pending ? null : concludedInTime / (sent - pending)
      const latencyMs = cells[4] === null ? null : { p50, p99 }
      return { platform, sent, concludedInTime, pending, unanswered, successRate, latencyMs }
    })
    const servers = await sql(`SELECT server, count(*), max(lastseen) FROM ${s} WHERE server <> '' GROUP BY 1`)
    const apps =
      await sql(`SELECT appid, count(*), count(*) FILTER (WHERE lastseen IS NULL), count(*) FILTER (WHERE lastseen < '2026-11-20 00:00:00+00')
      FROM tokens GROUP BY 1`)
    return {
      pushTestStats: { rows },
      servers: {
        nodes: servers.map(([name, instances, newest]) => ({
          name,
          instances: Number(instances),
          newestSeen: time(newest),
          process: null,
        })),
      },
      tokenStats: {
        rows: apps.map(([appId, count, neverSeen, older]) => ({
          appId,
          count: Number(count),
          neverSeen: Number(neverSeen),
          older: [Number(older)],
        })),
      },
    }
  }

  const timeline = async ({ name }: Asked) => {
    const rows = await sql(
      `SELECT * FROM (
        SELECT 'Call', time, ${reasonColumn}, nullif(userdisplayname, ''), NULL::text, NULL::timestamptz, 3 AS k, rowid AS r FROM sipcalls WHERE ${own}
        UNION ALL SELECT 'Message', time, NULL, NULL, NULL, NULL, 2, rowid FROM siptextmessages WHERE ${own}
        UNION ALL SELECT 'PushTest', started AT TIME ZONE 'UTC', NULL, NULL, platform, concluded AT TIME ZONE 'UTC', 1, 0 FROM pushtests WHERE ${own}
      ) AS events ORDER BY time DESC, k DESC, r DESC LIMIT 20`,
      [name],
    )
    const nodes = rows.map(([kind, at = null, word, displayName, platform, concluded = null]) => {
      const event = { __typename: kind, time: time(at) }
      if (kind === 'Call') return { ...event, missedReason: isV1 ? null : reason(word), caller: { displayName } }
      if (kind === 'Message') return { ...event, sender: {} }
      return { ...event, platform, concluded: time(concluded), latencyMs: latency(at, concluded) }
    })
    return { timeline: { nodes } }
  }

  return {
    Who: who,
    Installations: installations,
    Seen: seen,
    Tokens: tokens,
    Pushes: pushes,
    Reached: reached,
    Reasons: reasons,
    OneCaller: oneCaller,
    Others: others,
    Timeline: timeline,
  }
}
