/**
 * The upper bound: a JavaScript server without GraphQL that knows the queries in advance. It returns the gateway's JSON for the
 * gateway's queries over two shared connections with many pipelined prepared statements.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import pg from 'pg'
import type { QueryName } from '../dialects/dialect.ts'
import { queryNames } from '../dialects/dialect.ts'
import { pageSizes } from '../dialects/page-sizes.ts'
import { sipisGateway } from '../dialects/sipis-gateway.ts'
import type { Position } from './cursor.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { databaseUrl, isV1 } from './environment.ts'
import { listen } from './listen.ts'

type Value = string | null
type Row = readonly Value[]
interface Variables {
  readonly selector?: string
  readonly username?: string
  readonly since?: string
  readonly after?: string | null
  readonly ids?: readonly string[]
}

const asText = { getTypeParser: () => (value: string) => value }
const session = '-c TimeZone=UTC -c jit=off'

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    pipeline: true,
    types: asText,
    // Otherwise lateral joins over unnest are planned each time, because PostgreSQL estimates custom plans to be cheaper.
    options: `${session} -c plan_cache_mode=force_generic_plan`,
  })
  await client.connect()
  return client
}
const connections = [await connect(), await connect()] as const
let turn = 0
/** Index look-ups are fast, so many of them may be pipelined. */
const lookUps = () => connections[turn++ % 2 === 0 ? 0 : 1]

/** Each scan has a connection to itself and a plan for its values. */
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10, types: asText, options: session })
const scans = () => pool

interface Statement {
  readonly name: string
  readonly text: string
}

let statements = 0
const statement = (text: string): Statement => ({ name: `s${++statements}`, text })

async function rowsOf(
  { name, text }: Statement,
  values: unknown[],
  connection: () => pg.Client | pg.Pool = lookUps,
): Promise<Row[]> {
  return (await connection().query<Value[]>({ name, text, values, rowMode: 'array' })).rows
}

const link = isV1 ? 'id' : 'selector'
const key = isV1 ? '(SELECT id FROM selectors WHERE selector = $1)' : '$1'
const keys = isV1 ? 'int[]' : 'text[]'
const peer = 'scheme, userdisplayname, username, domain, domainport'
const columns = {
  tokens: 'appid, lastseen',
  calls: `time, callid, ${isV1 ? 'NULL' : 'missedreason'}, ${peer}`,
  messages: `time, msgid, contenttype, ${peer}`,
  pushTests: 'pushid, platform, started, concluded',
}
const newest = 'ORDER BY time DESC, rowid DESC'
const owner = isV1 ? '(SELECT selector FROM selectors s WHERE s.id = c.id)' : 'selector'

/** Formats like the gateway; PostgreSQL omits trailing zeros. */
function instant(text: Value): string | null {
  if (text === null) return null
  const fraction = text.length > 19 && text[19] === '.' ? text.slice(20).replace('+00', '') : ''
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(6, '0')}Z`
}

const reasons = new Map<Value, string | null>([
  ['Missed', 'MISSED'],
  ['AnsweredElsewhere', 'ANSWERED_ELSEWHERE'],
  ['RejectedByDnd', 'REJECTED_BY_DND'],
  [null, null],
])

/** Creates an object from a row, starting at a column. */
type Reader = (row: Row, at: number) => object

const address: Reader = (row, at) => ({
  scheme: row[at],
  displayName: row[at + 1],
  username: row[at + 2],
  domain: row[at + 3],
  port: row[at + 4] === '0' ? null : Number(row[at + 4]),
})
const token: Reader = (row, at) => ({ appId: row[at], lastSeen: instant(row[at + 1] ?? null) })
const call: Reader = (row, at) => ({
  time: instant(row[at] ?? null),
  callId: row[at + 1],
  missedReason: reasons.get(row[at + 2] ?? null) ?? (row[at + 2] == null ? null : 'UNKNOWN'),
  caller: address(row, at + 3),
})
const ownedCall: Reader = (row, at) => ({ ...call(row, at), selector: { name: row[at + 8] } })
const message: Reader = (row, at) => ({
  time: instant(row[at] ?? null),
  messageId: row[at + 1],
  contentType: row[at + 2],
  sender: address(row, at + 3),
})
const pushTest: Reader = (row, at) => ({
  pushId: row[at],
  platform: row[at + 1],
  started: instant(row[at + 2] ?? null),
  concluded: instant(row[at + 3] ?? null),
})

const all = (rows: readonly Row[], read: Reader) => rows.map((row) => read(row, 0))

function page(rows: readonly Row[], first: number, read: Reader, position: (row: Row) => Position) {
  const shown = rows.slice(0, first)
  const last = shown.at(-1)
  const endCursor = last === undefined ? null : encodeCursor(position(last))
  return { nodes: all(shown, read), pageInfo: { hasNextPage: rows.length > first, endCursor } }
}

/** Reads the rows of several selectors; the first column identifies the selector. */
const children = (table: string, list: string, order: string, first: number) =>
  statement(`SELECT k.n, child.* FROM unnest($1::${keys}) WITH ORDINALITY AS k(key, n)
    CROSS JOIN LATERAL (SELECT ${list} FROM ${table} WHERE ${link} = k.key ${order} LIMIT ${first}) AS child`)

function grouped(rows: readonly Row[], parents: number, read: Reader): object[][] {
  const lists: object[][] = Array.from({ length: parents }, () => [])
  for (const row of rows) lists[Number(row[0]) - 1]?.push(read(row, 1))
  return lists
}

const history = {
  selector: statement('SELECT selector, lastseen FROM selectors WHERE selector = $1'),
  tokens: statement(`SELECT ${columns.tokens} FROM tokens WHERE ${link} = ${key} ORDER BY rowid`),
  calls: statement(`SELECT ${columns.calls} FROM sipcalls WHERE ${link} = ${key} ${newest} LIMIT ${pageSizes.history}`),
}

async function answerHistory({ selector }: Variables): Promise<object> {
  const [[found], tokens, calls] = await Promise.all([
    rowsOf(history.selector, [selector]),
    rowsOf(history.tokens, [selector]),
    rowsOf(history.calls, [selector]),
  ])
  if (found === undefined) return { selector: null }
  const [name, lastSeen = null] = found
  return {
    selector: {
      name,
      lastSeen: instant(lastSeen),
      tokens: { nodes: all(tokens, token) },
      calls: { nodes: all(calls, call) },
    },
  }
}

const selectorPage = (beyond: string) =>
  statement(
    `SELECT id, selector, lastseen FROM selectors ${beyond} ORDER BY lastseen DESC, id DESC LIMIT ${pageSizes.list + 1}`,
  )
const list = {
  start: selectorPage(''),
  beyond: selectorPage('WHERE (lastseen, id) < ($1, $2)'),
  tokens: children('tokens', columns.tokens, 'ORDER BY rowid', 100),
  calls: children('sipcalls', columns.calls, newest, pageSizes.listCalls),
  messages: children('siptextmessages', columns.messages, newest, pageSizes.listMessages),
  pushTests: children('pushtests', columns.pushTests, 'ORDER BY started DESC', pageSizes.listPushTests),
}

async function answerList({ after }: Variables): Promise<object> {
  const selectors = await (after == null ? rowsOf(list.start, []) : rowsOf(list.beyond, valuesOf(after)))
  const owners = selectors.slice(0, pageSizes.list).map(([id, name]) => (isV1 ? id : name))
  const [tokens, calls, messages, pushTests] = await Promise.all([
    rowsOf(list.tokens, [owners]),
    rowsOf(list.calls, [owners]),
    rowsOf(list.messages, [owners]),
    rowsOf(list.pushTests, [owners]),
  ])
  const of = {
    tokens: grouped(tokens, owners.length, token),
    calls: grouped(calls, owners.length, call),
    messages: grouped(messages, owners.length, message),
    pushTests: grouped(pushTests, owners.length, pushTest),
  }
  let index = -1
  const node = ([, selector, lastSeen = null]: Row) => {
    index++
    return {
      name: selector,
      lastSeen: instant(lastSeen),
      tokens: { nodes: of.tokens[index] },
      calls: { nodes: of.calls[index] },
      messages: { nodes: of.messages[index] },
      pushTests: { nodes: of.pushTests[index] },
    }
  }
  const position = ([id, , lastSeen]: Row) => ({ time: lastSeen ?? '', rowid: id ?? '' })
  return { selectors: page(selectors, pageSizes.list, node, position) }
}

function valuesOf(after: string): string[] {
  const { time, rowid } = decodeCursor(after)
  return [time, rowid]
}

const missedPage = (beyond: string) =>
  statement(`SELECT ${columns.calls}, rowid FROM sipcalls WHERE ${link} = ${key} AND time >= $2
    ${isV1 ? '' : "AND missedreason = 'Missed'"} ${beyond} ${newest} LIMIT ${pageSizes.missed + 1}`)
const missed = { start: missedPage(''), beyond: missedPage('AND (time, rowid) < ($3, $4)') }

async function answerMissed({ selector, since, after }: Variables): Promise<object> {
  const rows = await (after == null
    ? rowsOf(missed.start, [selector, since])
    : rowsOf(missed.beyond, [selector, since, ...valuesOf(after)]))
  const position = (row: Row) => ({ time: row[0] ?? '', rowid: row[8] ?? '' })
  return { selector: { calls: page(rows, pageSizes.missed, call, position) } }
}

const caller = statement(`SELECT ${columns.calls}, ${owner} FROM sipcalls c WHERE username = $1 AND time >= $2
  ${newest} LIMIT ${pageSizes.caller}`)

async function answerCaller({ username, since }: Variables): Promise<object> {
  return { calls: { nodes: all(await rowsOf(caller, [username, since], scans), ownedCall) } }
}

const callPage = (beyond: string) =>
  statement(`SELECT ${columns.calls}, ${owner}, rowid FROM sipcalls c ${beyond} ${newest} LIMIT ${pageSizes.page + 1}`)
const calls = { start: callPage(''), beyond: callPage('WHERE (time, rowid) < ($1, $2)') }

async function answerCalls({ after }: Variables): Promise<object> {
  const rows = await (after == null ? rowsOf(calls.start, []) : rowsOf(calls.beyond, valuesOf(after)))
  const position = (row: Row) => ({ time: row[0] ?? '', rowid: row[9] ?? '' })
  return { calls: page(rows, pageSizes.page, ownedCall, position) }
}

const named = statement('SELECT selector, lastseen FROM selectors WHERE selector = ANY($1::text[])')

async function answerNodes({ ids = [] }: Variables): Promise<object> {
  const names = ids.map((id) => Buffer.from(id, 'base64url').toString().slice('Selector:'.length))
  const found = new Map((await rowsOf(named, [names])).map(([name, lastSeen = null]) => [name, lastSeen]))
  return {
    nodes: names.map((selector) => {
      const lastSeen = found.get(selector)
      return lastSeen === undefined ? null : { name: selector, lastSeen: instant(lastSeen) }
    }),
  }
}

const answers: Readonly<Record<Exclude<QueryName, 'changes'>, (variables: Variables) => Promise<object>>> = {
  history: answerHistory,
  list: answerList,
  missed: answerMissed,
  caller: answerCaller,
  firstPage: answerCalls,
  deepPage: answerCalls,
  tiny: async () => ({ viewer: { name: 'open' } }),
  nodes: answerNodes,
}

const dialect = sipisGateway(isV1 ? 'v1' : 'v2')
const byText = new Map(
  queryNames.map((name) => {
    const operation = dialect[name]
    return [typeof operation === 'string' ? name : operation.text, name === 'changes' ? undefined : answers[name]]
  }),
)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { query, variables = {} }: { query: string; variables?: Variables } = JSON.parse(
    Buffer.concat(chunks).toString(),
  )
  const data = await byText.get(query)?.(variables)
  // Encoded once as bytes: a string would be scanned for its length and again to be sent.
  const body = Buffer.from(JSON.stringify(data === undefined ? { errors: [{ message: 'Unknown query.' }] } : { data }))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

listen((request, response) => {
  answer(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    response.writeHead(500).end()
  })
})
