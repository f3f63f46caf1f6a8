/**
 * Mercurius with compiled queries and its own loaders: one named statement per level, with a lateral join if each parent has a
 * limit. The SQL is hand-written, and its columns have the names of the fields.
 */
import fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { databaseUrl, isV1 } from './environment.ts'
import { announce } from './listen.ts'

// A Date would lose the microseconds that cursors require.
for (const type of [pg.types.builtins.TIMESTAMP, pg.types.builtins.TIMESTAMPTZ]) pg.types.setTypeParser(type, String)
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })

const schema = `
  type Token { appId: String! lastSeen: String }
  type Call {
    time: String! callId: String! missedReason: String selector: String!
    scheme: String! displayName: String! username: String! domain: String! port: Int!
  }
  type Message {
    time: String! messageId: String! contentType: String!
    scheme: String! displayName: String! username: String! domain: String! port: Int!
  }
  type PushTest { pushId: String! platform: String! started: String! concluded: String }
  type Selector {
    selector: String! lastSeen: String!
    tokens: [Token!]! calls(first: Int!): [Call!]! messages(first: Int!): [Message!]! pushTests(first: Int!): [PushTest!]!
  }
  type CallPage { nodes: [Call!]! hasNextPage: Boolean! endCursor: String }
  type SelectorPage { nodes: [Selector!]! hasNextPage: Boolean! endCursor: String }
  type Query {
    selector(selector: String!): Selector
    selectors(first: Int!, after: String): SelectorPage!
    selectorsByName(names: [String!]!): [Selector!]!
    calls(first: Int!, after: String, username: String, since: String): CallPage!
    callsOf(selector: String!, first: Int!, after: String, since: String, missedReason: String): CallPage!
  }
`

const link = isV1 ? 'id' : 'selector'
const keys = isV1 ? 'int[]' : 'text[]'
const peer = 'scheme, userdisplayname AS "displayName", username, domain, domainport AS port'
const columns = {
  selectors: 'id, selector, lastseen AS "lastSeen"',
  tokens: 'appid AS "appId", lastseen AS "lastSeen"',
  calls: `time, callid AS "callId", ${isV1 ? 'NULL' : 'missedreason'} AS "missedReason", ${peer}`,
  messages: `time, msgid AS "messageId", contenttype AS "contentType", ${peer}`,
  pushTests: 'pushid AS "pushId", platform, started, concluded',
}

interface Owner {
  readonly id: string | number
  readonly selector: string
}
interface Asked {
  readonly obj: Owner
  readonly params: { readonly first?: number }
}

const keyOf = ({ id, selector }: Owner) => (isV1 ? id : selector)

const statementNames = new Map<string, string>()

/** Each SQL text is a prepared statement. */
async function query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
  const name = statementNames.get(text) ?? `statement ${statementNames.size}`
  statementNames.set(text, name)
  return (await pool.query<Row>({ name, text, values })).rows
}

/** Children of a selector; each query sets their number. */
function childrenOf(table: string, list: string, order: string) {
  const text = `SELECT k.n::int, child.* FROM unnest($1::${keys}, $2::int[]) WITH ORDINALITY AS k(key, first, n)
    CROSS JOIN LATERAL (
      SELECT ${list} FROM ${table} WHERE ${link} = k.key ORDER BY ${order} LIMIT k.first
    ) AS child`
  return {
    async loader(asked: Asked[]) {
      const found = await query<{ n: number }>(text, [
        asked.map(({ obj }) => keyOf(obj)),
        asked.map(({ params }) => params.first ?? null),
      ])
      const lists: object[][] = asked.map(() => [])
      for (const row of found) lists[row.n - 1]?.push(row)
      return lists
    },
    // These queries repeat nothing, and computing cache keys would cost more than it saves.
    opts: { cache: false },
  }
}

interface CallArguments {
  readonly selector?: string
  readonly first: number
  readonly after?: string | null
  readonly username?: string | null
  readonly since?: string | null
  readonly missedReason?: string | null
}

const ofSelector = isV1 ? 'c.id = (SELECT id FROM selectors WHERE selector = ?)' : 'c.selector = ?'
const owned = isV1 ? 'sipcalls c JOIN selectors s USING (id)' : 'sipcalls c'
const owner = isV1 ? 's.selector' : 'c.selector'
const callColumns = columns.calls.replaceAll(/(?<=^|, )(?=[a-z])/g, 'c.')

async function calls(_: unknown, { selector, first, after, username, since, missedReason }: CallArguments) {
  const conditions: string[] = []
  const values: unknown[] = []
  const restrict = (condition: string, ...given: readonly (string | null | undefined)[]) => {
    if (given.some((value) => value == null)) return
    values.push(...given)
    conditions.push(condition)
  }
  const { time, rowid } = after == null ? {} : decodeCursor(after)
  restrict(ofSelector, selector)
  restrict('c.username = ?', username)
  restrict('c.time >= ?', since)
  restrict('c.missedreason = ?', missedReason)
  restrict('(c.time, c.rowid) < (?, ?)', time, rowid)
  values.push(first + 1)
  let number = 0
  const text = `SELECT ${callColumns}, c.rowid, ${owner} AS selector FROM ${owned}
    ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY c.time DESC, c.rowid DESC LIMIT ?`.replaceAll(
    '?',
    () => `$${++number}`,
  )
  const rows = await query<{ time: string; rowid: string }>(text, values)
  return pageOf(rows, first, encodeCursor)
}

function pageOf<Row>(rows: readonly Row[], first: number, cursorOf: (row: Row) => string) {
  const nodes = rows.slice(0, first)
  const last = nodes.at(-1)
  return { nodes, hasNextPage: rows.length > first, endCursor: last === undefined ? null : cursorOf(last) }
}

interface SelectorNode extends Owner {
  readonly lastSeen: string
}

const app = fastify()
app.register(mercurius, {
  schema,
  jit: 1,
  resolvers: {
    Query: {
      async selector(_, { selector }: { selector: string }) {
        const text = `SELECT ${columns.selectors} FROM selectors WHERE selector = $1`
        return (await query(text, [selector]))[0] ?? null
      },
      async selectors(_, { first, after }: { first: number; after?: string | null }) {
        const { time, rowid } = after == null ? {} : decodeCursor(after)
        const beyond = after == null ? '' : 'WHERE (lastseen, id) < ($2, $3)'
        const text = `SELECT ${columns.selectors} FROM selectors ${beyond} ORDER BY lastseen DESC, id DESC LIMIT $1`
        const values = [first + 1, ...(after == null ? [] : [time, rowid])]
        const rows = await query<SelectorNode>(text, values)
        return pageOf(rows, first, ({ lastSeen, id }) => encodeCursor({ time: lastSeen, rowid: String(id) }))
      },
      selectorsByName: (_, { names }: { names: string[] }) =>
        query(`SELECT ${columns.selectors} FROM selectors WHERE selector = ANY($1::text[])`, [names]),
      calls,
      callsOf: calls,
    },
  },
  loaders: {
    Selector: {
      tokens: childrenOf('tokens', columns.tokens, 'rowid'),
      calls: childrenOf('sipcalls', columns.calls, 'time DESC, rowid DESC'),
      messages: childrenOf('siptextmessages', columns.messages, 'time DESC, rowid DESC'),
      pushTests: childrenOf('pushtests', columns.pushTests, 'started DESC'),
    },
  },
})
await app.listen({ host: '127.0.0.1', port: 0 })
announce(app.server.address())
