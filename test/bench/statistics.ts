/**
 * What the statistics cost beside the plain SQL that an administrator would type, in turn on one server: without the limits of the
 * gateway's session, with the server's own settings. Each span is asked once, because the gateway remembers answers for ten seconds.
 *
 *   npm run bench:statistics [-- --selectors 50000 --calls 30 --rounds 5 --schemas v1,v2]
 */
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startPostgres } from '../support/postgres.ts'
import { dropDatabases, makeDatabase } from './databases.ts'
import type { Schema } from './dialects/dialect.ts'
import { median } from './median.ts'
import { startServer } from './server-process.ts'

const { values } = parseArgs({
  options: {
    selectors: { type: 'string', default: '50000' },
    calls: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '5' },
    schemas: { type: 'string', default: 'v1,v2' },
  },
})
const say = (line: string) => process.stdout.write(`${line}\n`)
const newest = Date.UTC(2026, 10, 22)
const dayMs = 86_400_000

interface Span {
  readonly since: string
  readonly until: string
}

interface Question {
  readonly name: string
  readonly days: number
  readonly field: (span: Span) => string
  /** With $1 and $2 for the span. */
  readonly sql: (schema: Schema) => string
}

const inSpan = ({ since, until }: Span) => `since: "${since}", until: "${until}"`
const key = (schema: Schema) => (schema === 'v1' ? 'id' : 'selector')
const reason = (schema: Schema) => (schema === 'v1' ? "''" : 'missedreason')

const questions: readonly Question[] = [
  ...[1, 14].map((days) => ({
    name: `calls by reason and ${days === 1 ? 'hour' : 'day'}, ${days} d`,
    days,
    field: (span: Span) =>
      `callStats(${inSpan(span)}, by: [REASON, ${days === 1 ? 'HOUR' : 'DAY'}]) { rows { time reason count } }`,
    sql: (
      schema: Schema,
    ) => `SELECT date_trunc('${days === 1 ? 'hour' : 'day'}', time), ${reason(schema)}, count(*) FROM sipcalls
      WHERE time >= $1 AND time < $2 GROUP BY 1, 2`,
  })),
  {
    name: 'calls by app, 7 d',
    days: 7,
    field: (span) => `callStats(${inSpan(span)}, by: [APP]) { rows { appId count } }`,
    sql: (schema) => `SELECT t.appid, count(*) FROM sipcalls c
      LEFT JOIN (SELECT DISTINCT ${key(schema)}, appid FROM tokens) t USING (${key(schema)}) WHERE c.time >= $1 AND c.time < $2 GROUP BY 1`,
  },
  ...[1, 14].map((days) => ({
    name: `top callers, ${days} d`,
    days,
    field: (span: Span) => `topCallers(${inSpan(span)}) { nodes { count selectors caller { username } } }`,
    sql: (
      schema: Schema,
    ) => `SELECT username, lower(domain), count(*) n, count(DISTINCT ${key(schema)}), max(time) FROM sipcalls
      WHERE time >= $1 AND time < $2 GROUP BY 1, 2 ORDER BY n DESC LIMIT 20`,
  })),
  ...[1, 7].map((days) => ({
    name: `push tests by platform, ${days} d`,
    days,
    field: (span: Span) =>
      `pushTestStats(${inSpan(span)}, by: [PLATFORM]) { rows { platform sent concludedInTime latencyMs { p99 } } }`,
    sql: () => `SELECT platform, count(*), count(concluded), count(*) FILTER (WHERE concluded - started <= interval '15 seconds'),
      percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM concluded - started))
      FROM pushtests WHERE started >= $1 AND started < $2 GROUP BY 1`,
  })),
  {
    name: 'tokens by app and age',
    days: 1,
    field: ({ since, until }) => `tokenStats(olderThan: ["${since}", "${until}"]) { rows { appId count older } }`,
    sql: () =>
      `SELECT appid, count(*), count(*) FILTER (WHERE lastseen < $1), count(*) FILTER (WHERE lastseen < $2) FROM tokens GROUP BY 1`,
  },
]

let asked = 0
/** A span that was not asked before. */
function spanOf(days: number): Span {
  const until = newest - 1_000 * asked++
  return { since: new Date(until - days * dayMs).toISOString(), until: new Date(until).toISOString() }
}

const milliseconds = async (work: () => Promise<unknown>) => {
  const started = performance.now()
  await work()
  return performance.now() - started
}

const postgres = await startPostgres()
try {
  await dropDatabases(postgres.url)
  for (const schema of values.schemas.split(',')) if (schema === 'v1' || schema === 'v2') await measure(schema)
} finally {
  await dropDatabases(postgres.url).finally(() => postgres.stop())
}

async function measure(schema: Schema): Promise<void> {
  const contents = { selectors: Number(values.selectors), calls: Number(values.calls), whole: true }
  const url = await makeDatabase(postgres.url, schema, schema, contents)
  await using server = await startServer(['src/cli/main.ts', 'serve', '--port', '0', '--allow-writable-role'], {
    DATABASE_URL: url,
    LIMIT_COST: '1000000',
  })
  const client = new pg.Client(url)
  await client.connect()
  const ask = async (query: string): Promise<void> => {
    const response = await fetch(`${server.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    const { errors } = await response.json()
    if (errors !== undefined) throw new Error(JSON.stringify(errors))
  }
  say(
    `\nSchema ${schema}, ${values.selectors} selectors with ${values.calls} calls. Medians in ms, and the median of the ratios.\n`,
  )
  say('| question | gateway | plain SQL | ratio |\n| --- | ---: | ---: | ---: |')
  for (const { name, days, field, sql } of questions) {
    const pairs: { own: number; plain: number }[] = []
    for (let round = 0; round <= Number(values.rounds); round++) {
      const { since, until } = spanOf(days)
      const own = await milliseconds(() => ask(`{ ${field({ since, until })} }`))
      const plain = await milliseconds(() => client.query({ text: sql(schema), values: [since, until] }))
      // The first round fills caches.
      if (round > 0) pairs.push({ own, plain })
    }
    const [own, plain] = [median(pairs.map((pair) => pair.own)), median(pairs.map((pair) => pair.plain))]
    say(
      `| ${name} | ${own.toFixed(0)} | ${plain.toFixed(0)} | ${median(pairs.map((pair) => pair.own / pair.plain)).toFixed(2)} |`,
    )
  }
  await beside(ask, client)
  await client.end()
}

/** Histories of selectors alone, and while six statistics run; six equal ones at once. */
async function beside(ask: (query: string) => Promise<void>, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ selector: string }>('SELECT selector FROM selectors LIMIT 500')
  let n = 0
  const history = () =>
    ask(
      `{ selector(name: "${rows[n++ % rows.length]?.selector}") { calls(first: 20) { nodes { time caller { uri } } } } }`,
    )
  const p99 = async (until: () => boolean) => {
    const times: number[] = []
    while (!until()) times.push(await milliseconds(history))
    return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0
  }
  const topCallers = (span: Span) => ask(`{ topCallers(${inSpan(span)}) { nodes { count } } }`)
  const until = performance.now() + 3_000
  const alone = await p99(() => performance.now() > until)
  let isOver = false
  const six = Promise.all(Array.from({ length: 6 }, () => topCallers(spanOf(7)))).then(() => {
    isOver = true
  })
  const besideSix = await p99(() => isOver)
  await six
  const once = await milliseconds(() => topCallers(spanOf(7)))
  const same = spanOf(7)
  const together = await milliseconds(() => Promise.all(Array.from({ length: 6 }, () => topCallers(same))))
  say(
    `\np99 of histories: ${alone.toFixed(1)} ms alone, ${besideSix.toFixed(1)} ms beside six statistics, ratio ${(besideSix / alone).toFixed(2)}.`,
  )
  say(
    `Top callers of 7 d: ${once.toFixed(0)} ms once, ${together.toFixed(0)} ms for six who ask for the same, ratio ${(together / once).toFixed(2)}.`,
  )
}
