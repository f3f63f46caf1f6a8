/** Yoga, Pothos, DataLoader and Drizzle's query builder, combined as in their documentation. */
import SchemaBuilder from '@pothos/core'
import DataLoader from 'dataloader'
import type { SQL } from 'drizzle-orm'
import { and, asc, desc, eq, getTableColumns, gte, inArray, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { createYoga } from 'graphql-yoga'
import pg from 'pg'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { databaseUrl, isV1 } from './environment.ts'
import { listen } from './listen.ts'
import type { Key } from './tables.ts'
import { calls, messages, missedReason, pushTests, selectors, tokens } from './tables.ts'

const db = drizzle(new pg.Pool({ connectionString: databaseUrl, max: 10 }))

type SelectorRow = typeof selectors.$inferSelect
type TokenRow = typeof tokens.$inferSelect
type CallRow = typeof calls.$inferSelect & { readonly missedReason: string | null }
type MessageRow = typeof messages.$inferSelect
type PushTestRow = typeof pushTests.$inferSelect

/** Loaded once for all selectors of a list. */
interface Limited {
  readonly key: Key
  readonly first: number
}

const keys = (asked: readonly Limited[]) =>
  sql`unnest(${sql.param(asked.map(({ key }) => key))}::${sql.raw(isV1 ? 'int[]' : 'text[]')}) AS k(key)`
const isOfKey = (link: typeof calls.link | typeof messages.link | typeof pushTests.link) => sql`${link} = k.key`
const callColumns = { ...getTableColumns(calls), missedReason }

const readCalls = (asked: readonly Limited[], first: number) => {
  const child = db
    .select(callColumns)
    .from(calls)
    .where(isOfKey(calls.link))
    .orderBy(desc(calls.time), desc(calls.rowid))
    .limit(first)
    .as('child')
  return db.select().from(keys(asked)).crossJoinLateral(child)
}
const readMessages = (asked: readonly Limited[], first: number) => {
  const child = db
    .select()
    .from(messages)
    .where(isOfKey(messages.link))
    .orderBy(desc(messages.time), desc(messages.rowid))
    .limit(first)
    .as('child')
  return db.select().from(keys(asked)).crossJoinLateral(child)
}
const readPushTests = (asked: readonly Limited[], first: number) => {
  const child = db
    .select()
    .from(pushTests)
    .where(isOfKey(pushTests.link))
    .orderBy(desc(pushTests.started))
    .limit(first)
    .as('child')
  return db.select().from(keys(asked)).crossJoinLateral(child)
}

function limited<Row extends { readonly link: Key }>(
  read: (asked: readonly Limited[], first: number) => PromiseLike<readonly { readonly child: Row }[]>,
) {
  return new DataLoader<Limited, Row[], string>(
    async (asked) => {
      const byFirst = Map.groupBy(asked, ({ first }) => first)
      const found = await Promise.all(
        [...byFirst].map(async ([first, group]) => [first, await read(group, first)] as const),
      )
      const lists = new Map(
        found.map(([first, rows]) => [
          first,
          Map.groupBy(
            rows.map(({ child }) => child),
            ({ link }) => link,
          ),
        ]),
      )
      return asked.map(({ key, first }) => lists.get(first)?.get(key) ?? [])
    },
    { cacheKeyFn: ({ key, first }) => `${first} ${key}` },
  )
}

const createLoaders = () => ({
  tokens: new DataLoader<Key, TokenRow[]>(async (asked) => {
    const rows = await db
      .select()
      .from(tokens)
      .where(inArray(tokens.link, [...asked]))
      .orderBy(asc(tokens.rowid))
    const byKey = Map.groupBy(rows, ({ link }) => link)
    return asked.map((key) => byKey.get(key) ?? [])
  }),
  calls: limited<CallRow>(readCalls),
  messages: limited<MessageRow>(readMessages),
  pushTests: limited<PushTestRow>(readPushTests),
})

const builder = new SchemaBuilder<{ Context: { loaders: ReturnType<typeof createLoaders> } }>({})
const keyOf = ({ id, selector }: SelectorRow): Key => (isV1 ? id : selector)

const Token = builder.objectRef<TokenRow>('Token').implement({
  fields: (t) => ({ appId: t.exposeString('appId'), lastSeen: t.exposeString('lastSeen', { nullable: true }) }),
})
const Call = builder.objectRef<CallRow & { readonly selector?: string }>('Call').implement({
  fields: (t) => ({
    time: t.exposeString('time'),
    callId: t.exposeString('callId'),
    missedReason: t.exposeString('missedReason', { nullable: true }),
    scheme: t.exposeString('scheme'),
    displayName: t.exposeString('displayName'),
    username: t.exposeString('username'),
    domain: t.exposeString('domain'),
    port: t.exposeInt('port'),
    selector: t.exposeString('selector', { nullable: true }),
  }),
})
const Message = builder.objectRef<MessageRow>('Message').implement({
  fields: (t) => ({
    time: t.exposeString('time'),
    messageId: t.exposeString('messageId'),
    contentType: t.exposeString('contentType'),
    scheme: t.exposeString('scheme'),
    displayName: t.exposeString('displayName'),
    username: t.exposeString('username'),
    domain: t.exposeString('domain'),
    port: t.exposeInt('port'),
  }),
})
const PushTest = builder.objectRef<PushTestRow>('PushTest').implement({
  fields: (t) => ({
    pushId: t.exposeString('pushId'),
    platform: t.exposeString('platform'),
    started: t.exposeString('started'),
    concluded: t.exposeString('concluded', { nullable: true }),
  }),
})
const Selector = builder.objectRef<SelectorRow>('Selector').implement({
  fields: (t) => ({
    selector: t.exposeString('selector'),
    lastSeen: t.exposeString('lastSeen'),
    tokens: t.field({ type: [Token], resolve: (row, _, { loaders }) => loaders.tokens.load(keyOf(row)) }),
    calls: t.field({
      type: [Call],
      args: { first: t.arg.int({ required: true }) },
      resolve: (row, { first }, { loaders }) => loaders.calls.load({ key: keyOf(row), first }),
    }),
    messages: t.field({
      type: [Message],
      args: { first: t.arg.int({ required: true }) },
      resolve: (row, { first }, { loaders }) => loaders.messages.load({ key: keyOf(row), first }),
    }),
    pushTests: t.field({
      type: [PushTest],
      args: { first: t.arg.int({ required: true }) },
      resolve: (row, { first }, { loaders }) => loaders.pushTests.load({ key: keyOf(row), first }),
    }),
  }),
})

interface Page<Row> {
  readonly nodes: Row[]
  readonly hasNextPage: boolean
  readonly endCursor: string | null
}

const CallPage = builder.objectRef<Page<CallRow & { readonly selector?: string }>>('CallPage').implement({
  fields: (t) => ({
    nodes: t.expose('nodes', { type: [Call] }),
    hasNextPage: t.exposeBoolean('hasNextPage'),
    endCursor: t.exposeString('endCursor', { nullable: true }),
  }),
})
const SelectorPage = builder.objectRef<Page<SelectorRow>>('SelectorPage').implement({
  fields: (t) => ({
    nodes: t.expose('nodes', { type: [Selector] }),
    hasNextPage: t.exposeBoolean('hasNextPage'),
    endCursor: t.exposeString('endCursor', { nullable: true }),
  }),
})

function pageOf<Row>(rows: Row[], first: number, cursorOf: (row: Row) => string): Page<Row> {
  const nodes = rows.slice(0, first)
  const last = nodes.at(-1)
  return { nodes, hasNextPage: rows.length > first, endCursor: last === undefined ? null : cursorOf(last) }
}

interface CallFilter {
  readonly selector?: string
  readonly first: number
  readonly after?: string | null | undefined
  readonly username?: string | null | undefined
  readonly since?: string | null | undefined
  readonly missedReason?: string | null | undefined
}

async function callPage({ selector, first, after, username, since, missedReason: reason }: CallFilter) {
  const conditions: SQL[] = []
  if (selector !== undefined) conditions.push(eq(selectors.selector, selector))
  if (username != null) conditions.push(eq(calls.username, username))
  if (since != null) conditions.push(gte(calls.time, since))
  if (reason != null) conditions.push(sql`missedreason = ${reason}`)
  if (after != null) {
    const { time, rowid } = decodeCursor(after)
    conditions.push(sql`(${calls.time}, ${calls.rowid}) < (${time}, ${rowid})`)
  }
  const rows = await db
    .select({ ...callColumns, selector: selectors.selector })
    .from(calls)
    .innerJoin(selectors, eq(isV1 ? selectors.id : selectors.selector, calls.link))
    .where(and(...conditions))
    .orderBy(desc(calls.time), desc(calls.rowid))
    .limit(first + 1)
  return pageOf(rows, first, ({ time, rowid }) => encodeCursor({ time, rowid: String(rowid) }))
}

builder.queryType({
  fields: (t) => ({
    selector: t.field({
      type: Selector,
      nullable: true,
      args: { selector: t.arg.string({ required: true }) },
      resolve: async (_, { selector }) =>
        (await db.select().from(selectors).where(eq(selectors.selector, selector)))[0] ?? null,
    }),
    selectors: t.field({
      type: SelectorPage,
      args: { first: t.arg.int({ required: true }), after: t.arg.string() },
      resolve: async (_, { first, after }) => {
        const { time, rowid } = after == null ? {} : decodeCursor(after)
        const rows = await db
          .select()
          .from(selectors)
          .where(after == null ? undefined : sql`(${selectors.lastSeen}, ${selectors.id}) < (${time}, ${rowid})`)
          .orderBy(desc(selectors.lastSeen), desc(selectors.id))
          .limit(first + 1)
        return pageOf(rows, first, ({ lastSeen, id }) => encodeCursor({ time: lastSeen, rowid: String(id) }))
      },
    }),
    selectorsByName: t.field({
      type: [Selector],
      args: { names: t.arg.stringList({ required: true }) },
      resolve: (_, { names }) => db.select().from(selectors).where(inArray(selectors.selector, names)),
    }),
    calls: t.field({
      type: CallPage,
      args: {
        first: t.arg.int({ required: true }),
        after: t.arg.string(),
        username: t.arg.string(),
        since: t.arg.string(),
      },
      resolve: (_, filter) => callPage(filter),
    }),
    callsOf: t.field({
      type: CallPage,
      args: {
        selector: t.arg.string({ required: true }),
        first: t.arg.int({ required: true }),
        after: t.arg.string(),
        since: t.arg.string(),
        missedReason: t.arg.string(),
      },
      resolve: (_, filter) => callPage(filter),
    }),
  }),
})

listen(
  createYoga({
    schema: builder.toSchema(),
    context: () => ({ loaders: createLoaders() }),
    graphiql: false,
    landingPage: false,
    logging: false,
  }),
)
