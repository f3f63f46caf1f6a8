/** Compares the timeline with plain SQL over all rows, sorted without a limit. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import { times } from '../support/counts.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

type Kind = 'CALL' | 'MESSAGE' | 'PUSH_TEST'

interface Row {
  readonly kind: Kind
  readonly owner: 1 | 2
  readonly time: string
}

/** Few times, so that most are equal. Those of October are in the hour that a clock in Prague shows twice, or never in March. */
const instants = [
  'infinity',
  '-infinity',
  '0044-03-15 00:00:00 BC',
  '2026-01-01 00:00:00',
  '2026-01-01 00:00:00.000001',
  '2026-03-29 02:30:00',
  '2026-03-29 03:10:00',
  '2026-10-25 02:30:00',
  '2026-10-25 01:30:00',
  '12026-01-01 00:00:00',
]

const row = fc.record<Row>({
  kind: fc.constantFrom('CALL', 'MESSAGE', 'PUSH_TEST'),
  owner: fc.constantFrom(1, 2),
  time: fc.constantFrom(...instants),
})

const asked = fc.record({
  kinds: fc.option(fc.subarray<Kind>(['CALL', 'MESSAGE', 'PUSH_TEST'])),
  since: fc.option(fc.constantFrom('2026-01-01T00:00:00Z', '2026-10-25T01:30:00Z'), { freq: 2 }),
  until: fc.option(fc.constantFrom('2026-01-01T00:00:00.000001Z', '2026-10-25T01:30:00Z'), { freq: 2 }),
  orderBy: fc.constantFrom('NEWEST_FIRST', 'OLDEST_FIRST'),
  size: fc.integer({ min: 1, max: 5 }),
  backwards: fc.boolean(),
})

type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never

const tables = {
  CALL: { table: 'sipcalls', name: 'callid', number: 3 },
  MESSAGE: { table: 'siptextmessages', name: 'msgid', number: 2 },
  PUSH_TEST: { table: 'pushtests', name: 'pushid', number: 1 },
} as const

const query = `query ($name: String!, $kinds: [EventKind!], $since: DateTime, $until: DateTime, $orderBy: TimeOrder, $first: Int,
    $after: String, $last: Int, $before: String) { selector(name: $name) {
  timeline(kinds: $kinds, since: $since, until: $until, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount rangeCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { __typename time selector { name } ... on Call { callId } ... on Message { messageId } ... on PushTest { pushId } } } } }`

interface Node {
  readonly __typename: string
  readonly callId?: string
  readonly messageId?: string
  readonly pushId?: string
}

const nameOf = ({ callId, messageId, pushId }: Node) => callId ?? messageId ?? pushId

const zones = ['UTC', 'Europe/Prague']

describe.each(backends.flatMap((backend) => zones.map((zone) => ({ ...backend, zone }))))(
  'The timeline on $name with push tests in $zone',
  ({ open, version, zone }) => {
    let opened: Opened
    let client: Client

    beforeAll(async () => {
      opened = await open()
      for (const number of [1, 2]) await addSelector(opened, number)
      client = await openClient(opened.database, { timeZone: zone, limits: unlimited })
    })
    afterAll(async () => {
      await client[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    })

    const fill = async (rows: readonly Row[]) => {
      for (const { table } of Object.values(tables)) await opened.sql(`DELETE FROM ${table}`)
      for (const [index, { kind, owner, time }] of rows.entries()) {
        const { table, name } = tables[kind]
        const at = kind === 'PUSH_TEST' ? { started: time, platform: 'iOS' } : { time: withZone(time) }
        // Rowids fall while times stay, and are shared between tables.
        await addRow(opened, table, owner, { rowid: 1_000 - index, [name]: `${kind} ${index}`, ...at })
      }
    }

    /** Names of all events in order. */
    const wanted = async (owner: number, { kinds, since, until, orderBy }: Asked): Promise<string[]> => {
      const link = version === 'V1' ? `id = ${owner}` : `selector = '${selectorNamed(owner)}'`
      const parts = Object.entries(tables).map(([kind, { table, name, number }]) => {
        const [time, rowid] =
          kind === 'PUSH_TEST'
            ? [instantOf(zone), version === 'V1' ? 'hashtextextended(pushid, id::bigint)' : 'rowid']
            : ['time', 'rowid']
        const isAsked = kinds === null || kinds.some((one) => one === kind)
        return `SELECT ${name} AS name, ${time} AS t, ${number} AS k, ${rowid}::bigint AS r FROM ${table} WHERE ${link} AND ${isAsked}`
      })
      const direction = orderBy === 'NEWEST_FIRST' ? 'DESC' : 'ASC'
      const found = await opened.sql(
        `SELECT name FROM (${parts.join(' UNION ALL ')}) AS e WHERE t >= coalesce($1::timestamptz, '-infinity')
          AND ($2::timestamptz IS NULL OR t < $2::timestamptz) ORDER BY t ${direction}, k ${direction}, r ${direction}`,
        [since, until],
      )
      return found.map(([name]) => String(name))
    }

    /** Names of all events, page by page. */
    const walked = async ({ size, backwards, ...args }: Asked, total: number) => {
      const seen: (string | undefined)[] = []
      let cursor: string | null = null
      for (let hasMore = true; hasMore; ) {
        const page: object = backwards ? { last: size, before: cursor } : { first: size, after: cursor }
        const { selector } = await client.ask(query, { name: selectorNamed(1), ...args, ...page })
        const { nodes, pageInfo, totalCount, rangeCount } = selector.timeline
        expect([totalCount, rangeCount]).toEqual([total, total - seen.length])
        seen.splice(backwards ? 0 : seen.length, 0, ...nodes.map(nameOf))
        hasMore = backwards ? pageInfo.hasPreviousPage : pageInfo.hasNextPage
        expect(hasMore).toBe(seen.length < total)
        cursor = backwards ? pageInfo.startCursor : pageInfo.endCursor
      }
      return seen
    }

    it('is the one list of all its kinds, page by page in both directions', async () => {
      const some = fc.array(asked, { minLength: 3, maxLength: 3 })
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 25 }), some, async (rows, all) => {
          await fill(rows)
          for (const one of all) {
            const expected = await wanted(1, one)
            expect(await walked(one, expected.length)).toEqual(expected)
          }
        }),
        { numRuns: times(100, 6) },
      )
    })

    it('of several selectors is that of each, in one statement for all', async () => {
      const rows = instants.flatMap((time) =>
        (['CALL', 'MESSAGE', 'PUSH_TEST'] as const).flatMap((kind) => [
          { kind, time, owner: 1 } as const,
          { kind, time, owner: 2 } as const,
        ]),
      )
      await fill(rows)
      const list = 'timeline(first: 7) { totalCount nodes { id } edges { cursor node { id } } }'
      client.statements()
      const { a, b } = await client.ask(
        `{ a: selector(name: "${selectorNamed(1)}") { ${list} } b: selector(name: "${selectorNamed(2)}") { ${list} } }`,
      )
      expect(client.statements().map(({ lookUp }) => lookUp?.lane)).toEqual(['calls', 'counts', 'pages of many'])
      for (const [number, together] of [a, b].entries()) {
        const { selector } = await client.ask(`{ selector(name: "${selectorNamed(number + 1)}") { ${list} } }`)
        expect(selector).toEqual(together)
        expect(together.timeline.totalCount).toBe(30)
      }
      expect(client.statements().map(({ lookUp }) => lookUp?.lane)).toEqual(
        [1, 2].flatMap(() => ['calls', 'counts', 'messages']),
      )
    })

    it('has the fields of each type, and the ids by which node finds them', async () => {
      await fill([
        { kind: 'CALL', owner: 1, time: '2026-01-01 00:00:00' },
        { kind: 'MESSAGE', owner: 1, time: '2026-01-02 00:00:00' },
        { kind: 'PUSH_TEST', owner: 1, time: '2026-07-03 12:00:00' },
      ])
      const fields = `__typename id ... on Event { time selector { name } } ... on Call { callId caller { port } missedReason }
        ... on Message { messageId headers body } ... on PushTest { pushId started concluded latencyMs platform }`
      const { selector } = await client.ask(
        `{ selector(name: "${selectorNamed(1)}") { timeline { nodes { ${fields} } } } }`,
      )
      const { nodes } = selector.timeline
      expect(nodes.map((node: { __typename: string; time: string }) => [node.__typename, node.time])).toEqual([
        ['PushTest', zone === 'UTC' ? '2026-07-03T12:00:00.000000Z' : '2026-07-03T10:00:00.000000Z'],
        ['Message', '2026-01-02T00:00:00.000000Z'],
        ['Call', '2026-01-01T00:00:00.000000Z'],
      ])
      const ids = nodes.map(({ id }: { id: string }) => id)
      const found = await client.ask(`query ($ids: [ID!]!) { nodes(ids: $ids) { ${fields} } }`, { ids })
      expect(found.nodes).toEqual(nodes)
    })

    it('of no kind is empty without a statement, and refuses cursors of other lists and kinds', async () => {
      const timeline = (args: string) =>
        client.answer(`{ selector(name: "${selectorNamed(1)}") { timeline(${args}) { totalCount nodes { id } } } }`)
      client.statements()
      expect((await timeline('kinds: []')).data.selector.timeline).toEqual({ totalCount: 0, nodes: [] })
      expect(client.statements()).toHaveLength(1)
      const cursor = (...values: string[]) => Buffer.from(['1e', ...values].join('\0')).toString('base64url')
      for (const forged of [
        Buffer.from('1c\x002026-01-01 00:00:00+00\x001').toString('base64url'),
        cursor('2026-01-01 00:00:00+00', '9', '1'),
        cursor('2026-01-01 00:00:00+00', '1'),
        cursor('noon', '1', '1'),
        cursor('2026-01-01 00:00:00+00', '1', 'x'),
      ]) {
        const { errors = [] } = await timeline(`after: "${forged}"`)
        expect([forged, errors.length > 0, new Set(errors.map(({ extensions }) => extensions.code))]).toEqual([
          forged,
          true,
          new Set(['BAD_USER_INPUT']),
        ])
      }
    })
  },
)

describe.each(backends.filter(({ name }) => name.includes('SQL_ASCII')))('The timeline on $name', ({ open }) => {
  it('gives bytes that are not UTF-8 as U+FFFD in their value alone', async () => {
    await using opened = await open()
    await addSelector(opened, 1)
    await addRow(opened, 'sipcalls', 1, { rowid: 1, callid: 'c', time: '2026-01-01' })
    await opened.sql(`UPDATE sipcalls SET userdisplayname = convert_from('\\x41ff42', 'SQL_ASCII')`)
    await using client = await openClient(opened.database)
    const { selector } = await client.ask(
      `{ selector(name: "${selectorNamed(1)}") { timeline { nodes { ... on Call { callId caller { displayName } } } } } }`,
    )
    expect(selector.timeline.nodes).toEqual([{ callId: 'c', caller: { displayName: 'A\ufffdB' } }])
  })
})

/** Calls and messages are stored in UTC. */
function withZone(time: string): string {
  if (time.endsWith('infinity')) return time
  return time.endsWith(' BC') ? time.replace(' BC', '+00 BC') : `${time}+00`
}

/** As the gateway reads them: years that the API cannot show are UTC. */
function instantOf(zone: string): string {
  return `CASE WHEN started BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999' THEN started AT TIME ZONE '${zone}'
    ELSE started AT TIME ZONE 'UTC' END`
}
