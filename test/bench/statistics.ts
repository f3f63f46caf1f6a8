/**
 * What the statistics cost beside the plain SQL that an administrator would type, in turn on one server: without the limits of the
 * gateway's session, with the server's own settings. Each span is asked once, because the gateway remembers answers for ten seconds. Which
 * comes first changes with each round, because the second one finds the rows in the processor's cache. Both must count the same.
 *
 *   npm run bench:statistics [-- --selectors 50000 --calls 30 --rounds 5 --schemas v1,v2]
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import { z } from 'zod'
import { startPostgres } from '../support/postgres.ts'
import { withClient } from '../support/templates.ts'
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
/** Before a question is measured. */
const warmUpMs = 1_000
/** How long a question is measured at least. */
const leastMs = 2_000
/** A little more than the gateway remembers an answer. */
const rememberedMs = 10_100

interface Span {
  readonly since: string
  readonly until: string
}

interface Question {
  readonly name: string
  /** Undefined for one without a span, whose answer is remembered. */
  readonly days?: number
  /** With the variables of a span. */
  readonly field: string
  /** With $1 and $2 for the span. */
  readonly sql: (schema: Schema) => string
  /** What both count: columns of a row of the plain SQL, from 0, and the same of a row of the API. */
  readonly columns: readonly number[]
  readonly counts: (row: Row) => readonly number[]
}

/** A row of any statistic. */
interface Row {
  readonly count: number
  readonly selectors: number
  readonly sent: number
  readonly concluded: number
  readonly concludedInTime: number
  readonly instances: number
  readonly older: readonly number[]
}
const answers = z.object({
  data: z.record(z.string(), z.custom<{ readonly rows?: readonly Row[]; readonly nodes?: readonly Row[] }>()),
})

const inSpan = 'since: $since, until: $until'
const documentOf = (field: string) =>
  field.includes('$since') ? `query ($since: DateTime!, $until: DateTime!) { ${field} }` : `{ ${field} }`
const key = (schema: Schema) => (schema === 'v1' ? 'id' : 'selector')
const reason = (schema: Schema) => (schema === 'v1' ? "''" : 'missedreason')

const questions: readonly Question[] = [
  ...[1, 14].map((days) => ({
    name: `calls by reason and ${days === 1 ? 'hour' : 'day'}, ${days} d`,
    days,
    field: `callStats(${inSpan}, by: [REASON, ${days === 1 ? 'HOUR' : 'DAY'}]) { rows { time reason count } }`,
    sql: (
      schema: Schema,
    ) => `SELECT date_trunc('${days === 1 ? 'hour' : 'day'}', time), ${reason(schema)}, count(*) FROM sipcalls
      WHERE time >= $1 AND time < $2 GROUP BY 1, 2`,
    columns: [2],
    counts: ({ count }: Row) => [count],
  })),
  {
    name: 'calls by app, 7 d',
    days: 7,
    field: `callStats(${inSpan}, by: [APP]) { rows { appId count } }`,
    sql: (schema) => `SELECT t.appid, count(*) FROM sipcalls c
      LEFT JOIN (SELECT DISTINCT ${key(schema)}, appid FROM tokens) t USING (${key(schema)}) WHERE c.time >= $1 AND c.time < $2 GROUP BY 1`,
    columns: [1],
    counts: ({ count }) => [count],
  },
  ...[1, 14].map((days) => ({
    name: `top callers, ${days} d`,
    days,
    field: `topCallers(${inSpan}) { nodes { count selectors caller { username } } }`,
    sql: (
      schema: Schema,
    ) => `SELECT username, lower(domain), count(*) n, count(DISTINCT ${key(schema)}), max(time) FROM sipcalls
      WHERE time >= $1 AND time < $2 GROUP BY 1, 2 ORDER BY n DESC LIMIT 20`,
    columns: [2],
    counts: ({ count }: Row) => [count],
  })),
  ...[1, 7].map((days) => ({
    name: `push tests by platform, ${days} d`,
    days,
    field: `pushTestStats(${inSpan}, by: [PLATFORM]) { rows { platform sent concluded concludedInTime latencyMs { p50 p90 p95 p99 } } }`,
    sql: () => `SELECT platform, count(*), count(concluded), count(*) FILTER (WHERE concluded - started <= interval '15 seconds'),
      percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM concluded - started))
      FROM pushtests WHERE started >= $1 AND started < $2 GROUP BY 1`,
    columns: [1, 2, 3],
    counts: ({ sent, concluded, concludedInTime }: Row) => [sent, concluded, concludedInTime],
  })),
  {
    name: 'tokens by app and age',
    days: 1,
    field: `tokenStats(olderThan: [$since, $until]) { rows { appId count older } }`,
    sql: () =>
      `SELECT appid, count(*), count(*) FILTER (WHERE lastseen < $1), count(*) FILTER (WHERE lastseen < $2) FROM tokens GROUP BY 1`,
    columns: [1, 2, 3],
    counts: ({ count, older }) => [count, ...older],
  },
  {
    name: 'servers',
    field: 'servers { nodes { name instances newestSeen oldestSeen } }',
    // A selector may have several entries, of which the newest counts.
    sql: (schema) => {
      const [key, server, where] =
        schema === 'v1' ? ['id', 'server', "server <> ''"] : ['selector', 'value', "name = 'server'"]
      return `SELECT ${server}, count(*), max(lastseen), min(lastseen) FROM (
        SELECT DISTINCT ON (${key}) ${key}, ${server} FROM restart WHERE ${where} ORDER BY ${key}, rowid DESC) AS newest
        JOIN selectors USING (${key}) GROUP BY 1`
    },
    columns: [1],
    counts: ({ instances }) => [instances],
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
  await withClient(url, (client) => compare(schema, (query, variables) => ask(server.origin, query, variables), client))
}

async function ask(origin: string, query: string, variables: object): Promise<unknown> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const answer = await response.json()
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors))
  return answer
}

async function compare(schema: Schema, ask: Ask, client: pg.Client): Promise<void> {
  say(
    `\nSchema ${schema}, ${values.selectors} selectors with ${values.calls} calls. Medians in ms, and the median of the ratios.\n`,
  )
  say('| question | gateway | plain SQL | ratio |\n| --- | ---: | ---: | ---: |')
  for (const question of questions) {
    await checkCounts(question, schema, ask, client)
    await warmUp(question, ask)
    const pairs = await pairsOf(question, schema, ask, client)
    const [own, plain] = [median(pairs.map((pair) => pair.own)), median(pairs.map((pair) => pair.plain))]
    const ratio = median(pairs.map((pair) => pair.own / pair.plain))
    say(`| ${question.name} | ${own.toFixed(0)} | ${plain.toFixed(0)} | ${ratio.toFixed(2)} |`)
  }
  await beside(ask, client)
}

type Ask = (query: string, variables: object) => Promise<unknown>

/** @throws Error if the gateway counts otherwise than plain SQL */
async function checkCounts(
  { name, days, field, sql, columns, counts }: Question,
  schema: Schema,
  ask: Ask,
  client: pg.Client,
) {
  const { since, until } = spanOf(days ?? 1)
  const { data } = answers.parse(await ask(documentOf(field), { since, until }))
  const [statistic] = Object.values(data)
  const own = (statistic?.rows ?? statistic?.nodes ?? []).map((row) => counts(row).map(Number))
  const { rows } = await client.query<unknown[]>({
    text: sql(schema),
    values: days === undefined ? [] : [since, until],
    rowMode: 'array',
  })
  const plain = rows.map((row) => columns.map((column) => Number(row[column])))
  const sorted = (all: readonly number[][]) =>
    JSON.stringify(all.filter(([count]) => count !== 0).toSorted((a, b) => Number(b[0]) - Number(a[0])))
  if (sorted(own) !== sorted(plain)) throw new Error(`${name}: ${sorted(own)}, by plain SQL ${sorted(plain)}`)
}

/** With spans of minutes, until the gateway's code is compiled. */
async function warmUp({ field }: Question, ask: Ask): Promise<void> {
  const end = performance.now() + warmUpMs
  while (performance.now() < end) await ask(documentOf(field), spanOf(0.01))
}

/** As many rounds as were asked for; more of a question that takes little time. */
async function pairsOf({ days, field, sql }: Question, schema: Schema, ask: Ask, client: pg.Client) {
  const pairs: { own: number; plain: number }[] = []
  const end = performance.now() + leastMs
  for (let round = 0; round < Number(values.rounds) || performance.now() < end; round++) {
    if (days === undefined) await sleep(rememberedMs)
    const { since, until } = spanOf(days ?? 1)
    const own = () => milliseconds(() => ask(documentOf(field), { since, until }))
    const plain = () =>
      milliseconds(() => client.query({ text: sql(schema), values: days === undefined ? [] : [since, until] }))
    if (round % 2 === 0) pairs.push({ own: await own(), plain: await plain() })
    else {
      const first = await plain()
      pairs.push({ own: await own(), plain: first })
    }
  }
  return pairs
}

/** Histories of selectors alone, and while six statistics run; six equal ones at once. */
async function beside(ask: Ask, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ selector: string }>('SELECT selector FROM selectors LIMIT 500')
  let n = 0
  const history = () =>
    ask('query ($name: String!) { selector(name: $name) { calls(first: 20) { nodes { time caller { uri } } } } }', {
      name: rows[n++ % rows.length]?.selector,
    })
  const p99 = async (until: () => boolean) => {
    const times: number[] = []
    while (!until()) times.push(await milliseconds(history))
    return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0
  }
  const topCallers = (span: Span) => ask(documentOf(`topCallers(${inSpan}) { nodes { count } }`), span)
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
