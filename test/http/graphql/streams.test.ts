import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-sse'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CredentialError } from '../../../src/auth/credential-error.ts'
import type { AuditEntry } from '../../../src/http/operations/audit.ts'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import { isFull } from '../../support/counts.ts'
import type { Opened } from '../../support/database.ts'
import { backends, untilTestEnds } from '../../support/database.ts'
import { authenticateAs, device, tool } from '../../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../../support/rows.ts'
import { until } from '../../support/until.ts'

interface Changes {
  readonly events: readonly { __typename: string; callId?: string }[]
  readonly token: string
  readonly reset: string | null
}

interface Result {
  readonly data?: { readonly changes?: Changes; readonly allChanges?: Changes } | null
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[]
}

/** A subscription by the client of graphql-sse, with all that it has received. */
function subscribe(url: string, query: string, { variables = {}, credential = '' } = {}) {
  const received: Result[] = []
  const client = createClient({
    url: `${url}/graphql`,
    retryAttempts: 0,
    ...(credential === '' ? {} : { headers: { authorization: `Bearer ${credential}` } }),
  })
  const outcome = Promise.withResolvers<unknown>()
  const stop = client.subscribe<Result['data']>(
    { query, variables },
    {
      next: (result) => received.push(result as Result),
      error: (error) => outcome.resolve(error),
      complete: () => outcome.resolve('complete'),
    },
  )
  onTestFinished(stop)
  const last = () => received.at(-1)?.data?.changes ?? received.at(-1)?.data?.allChanges
  const callIds = () =>
    received.flatMap(({ data }) => (data?.changes ?? data?.allChanges)?.events.map(({ callId }) => callId ?? '') ?? [])
  return {
    received,
    callIds,
    last,
    stop,
    ended: outcome.promise,
    begun: () => until('it has begun', () => received.length > 0),
  }
}

const fields = '{ events { __typename ... on Call { callId } } token reset }'
const ofSelector = `subscription ($name: String!, $since: String) { changes(selector: $name, since: $since) ${fields} }`
const ofAll = `subscription ($kinds: [EventKind!], $since: String) { allChanges(kinds: $kinds, since: $since) ${fields} }`
const time = '2026-01-01'

async function opening(
  open: () => Promise<Opened>,
  options: ClientOptions = {},
): Promise<{ opened: Opened; client: Client }> {
  const opened = untilTestEnds(await open())
  for (const n of [1, 2]) await addSelector(opened, n)
  return { opened, client: untilTestEnds(await openClient(opened.database, options)) }
}

describe.each(backends)('A subscription on $name', ({ open }) => {
  it('of a selector begins with a token, and tells what is stored of it, once', async () => {
    const { opened, client } = await opening(open)
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time, callid: 'before' })
    const feed = subscribe(client.url, ofSelector, { variables: { name: selectorNamed(1) } })
    await feed.begun()
    expect(feed.last()).toMatchObject({ events: [], reset: null })
    await addRow(opened, 'sipcalls', 1, { rowid: 2, time: '2001-01-01', callid: 'first' })
    await addRow(opened, 'sipcalls', 2, { rowid: 3, time, callid: 'of another' })
    await addRow(opened, 'sipcalls', 1, { rowid: 4, time: 'now', callid: 'second' })
    await until('both have come', () => feed.callIds().length === 2)
    expect(feed.callIds().sort()).toEqual(['first', 'second'])
    feed.stop()
    await addRow(opened, 'sipcalls', 1, { rowid: 5, time, callid: 'meanwhile' })
    const again = subscribe(client.url, ofSelector, {
      variables: { name: selectorNamed(1), since: feed.last()?.token },
    })
    await again.begun()
    expect(again.callIds()).toEqual(['meanwhile'])
  }, 60_000)

  it('of all selectors tells what is stored of any, and only of the kinds that are asked for', async () => {
    const { opened, client } = await opening(open)
    const feeds = [{}, { kinds: ['CALL'] }, { kinds: ['MESSAGE', 'PUSH_TEST'] }].map((variables) =>
      subscribe(client.url, ofAll, { variables }),
    )
    for (const feed of feeds) await feed.begun()
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: 'now', callid: 'one' })
    await addRow(opened, 'sipcalls', 2, { rowid: 2, time: 'now', callid: 'two' })
    await addRow(opened, 'siptextmessages', 2, { rowid: 3, time: 'now' })
    const names = () =>
      feeds.map(({ received }) =>
        received.flatMap(({ data }) => data?.allChanges?.events.map((one) => one.callId ?? one.__typename)),
      )
    await until('all have come', () => names().flat().length === 6)
    expect(names()).toEqual([['one', 'two', 'Message'], ['one', 'two'], ['Message']])
  }, 60_000)
})

describe('A subscription', () => {
  const [backend] = backends
  const open = () => backend?.open() ?? expect.unreachable()

  it('is refused as a query is, before its stream begins', async () => {
    const { client } = await opening(open, {
      authenticate: authenticateAs([device('phone', selectorNamed(1)), tool('reader', 'sipis:read')]),
    })
    const status = async (credential: string, query: string, variables: object, accept = 'text/event-stream') => {
      const response = await fetch(`${client.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${credential}` },
        body: JSON.stringify({ query, variables }),
      })
      const text = await response.text()
      return [response.status, /"code":"([A-Z_]+)"/.exec(text)?.[1], text.endsWith('event: complete\ndata:\n\n')]
    }
    const own = { name: selectorNamed(1) }
    expect(await status('stranger', ofSelector, own)).toEqual([401, 'UNAUTHENTICATED', false])
    expect(await status('phone', ofAll, {})).toEqual([200, 'FORBIDDEN', true])
    expect(await status('phone', ofSelector, { name: selectorNamed(2) })).toEqual([200, 'BAD_USER_INPUT', true])
    expect(await status('phone', ofSelector, { name: selectorNamed(9) })).toEqual([200, 'BAD_USER_INPUT', true])
    expect(await status('phone', ofSelector, { ...own, since: 'x' })).toEqual([200, 'BAD_USER_INPUT', true])
    expect(await status('reader', ofAll, { kinds: [] })).toEqual([200, 'BAD_USER_INPUT', true])
    expect(await status('reader', 'subscription { none }', {})).toEqual([200, 'GRAPHQL_VALIDATION_FAILED', true])
    expect(await status('reader', ofAll, {}, 'application/json')).toEqual([200, 'BAD_USER_INPUT', false])
    expect(await status('phone', '{ viewer { name } }', {})).toEqual([200, undefined, true])
  })

  it('ends when its credential ends, and says so, before it tells more', async () => {
    let isGood = true
    const reader = tool('reader', 'sipis:read')
    const { opened, client } = await opening(open, {
      authenticate: async () => {
        if (isGood) return reader
        throw new CredentialError('over', { hasExpired: true })
      },
    })
    const feed = subscribe(client.url, ofSelector, { variables: { name: selectorNamed(1) }, credential: 'x' })
    await feed.begun()
    // The first looks wake every subscription; then it is quiet.
    let looks = 0
    await until('it is quiet', () => {
      looks += client.statements().filter(({ text }) => text.includes('10 minutes')).length
      return looks >= 2
    })
    isGood = false
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: 'now', callid: 'secret' })
    expect(await feed.ended).toBe('complete')
    expect(feed.received.at(-1)).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED', reason: 'EXPIRED' } }],
    })
    expect(JSON.stringify(feed.received)).not.toContain('secret')
  })

  it('ends when the gateway stops, with a hint when to come back, and its token goes on at another gateway', async () => {
    const changes = { secrets: ['a secret of the tests'] }
    const { opened, client } = await opening(open, { changes })
    const other = untilTestEnds(await openClient(opened.database, { changes }))
    const feed = subscribe(client.url, ofSelector, { variables: { name: selectorNamed(1) } })
    await feed.begun()
    const token = feed.last()?.token
    client.drain()
    expect(await feed.ended).toBe('complete')
    const [error] = feed.received.at(-1)?.errors ?? []
    expect(error?.extensions).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: expect.any(Number) })
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time, callid: 'meanwhile' })
    const again = subscribe(other.url, ofSelector, { variables: { name: selectorNamed(1), since: token } })
    await again.begun()
    expect(again.callIds()).toEqual(['meanwhile'])
  })

  it('is limited for each caller and in all, and frees its place when it ends', async () => {
    const { client } = await opening(open, {
      authenticate: authenticateAs([tool('a', 'sipis:read'), tool('b', 'sipis:read')]),
      limits: { streams: 3, streamsPerCaller: 2 },
    })
    const one = (credential: string) =>
      subscribe(client.url, ofSelector, { variables: { name: selectorNamed(1) }, credential })
    const [first, second] = [one('a'), one('a')]
    await first.begun()
    await second.begun()
    expect(await one('a').ended).toMatchObject({ response: { status: 429 } })
    const third = one('b')
    await third.begun()
    expect(await one('b').ended).toMatchObject({ response: { status: 503 } })
    first.stop()
    await until('a place is free', async () => {
      const another = one('b')
      return Promise.race([another.begun().then(() => true), another.ended.then(() => false)])
    })
  })

  it('goes on after the database was away', async () => {
    const { opened, client } = await opening(open)
    const feed = subscribe(client.url, ofSelector, { variables: { name: selectorNamed(1) } })
    await feed.begun()
    await opened.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
    )
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: 'now', callid: 'after' })
    await until('it has come', () => feed.callIds().includes('after'))
    expect(feed.received.flatMap(({ errors = [] }) => errors)).toEqual([])
  })

  it('costs a client that reads slowly one page, and is closed if nothing is read', async () => {
    const seen = new Set<string>()
    const { opened, client } = await opening(open, { stalledMs: 300, observe: ({ kind }) => seen.add(kind) })
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1').pause()
    onTestFinished(() => void socket.destroy())
    const query = `subscription ($name: String!) { changes(selector: $name) { events { ... on Message { body } } } }`
    const body = JSON.stringify({ query, variables: { name: selectorNamed(1) } })
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    const closed = once(socket, 'close')
    // More than the buffers of the connection hold.
    for (let rowid = 1; rowid <= 200; rowid++)
      await addRow(opened, 'siptextmessages', 1, { rowid, time: 'now', body: 'x'.repeat(100_000) })
    await until('it is closed', () => seen.has('writeStalled'))
    socket.resume()
    await closed
  }, 90_000)

  // An allowance is that of a minute.
  it.runIf(isFull)(
    'waits for its allowance, and loses nothing meanwhile',
    async () => {
      const { opened, client } = await opening(open, { rateLimits: { costPerMinute: 700 } })
      const feed = subscribe(client.url, ofSelector, { variables: { name: selectorNamed(1) } })
      await feed.begun()
      for (let n = 1; n <= 5; n++) {
        await addRow(opened, 'sipcalls', 1, { rowid: n, time: 'now', callid: `${n}` })
        await sleep(1_500)
      }
      expect(feed.callIds().length).toBeLessThan(5)
      await until('all have come', () => feed.callIds().length === 5, 150_000)
      expect(feed.callIds()).toEqual(['1', '2', '3', '4', '5'])
    },
    180_000,
  )

  it('is in the audit log when it begins and when it ends', async () => {
    const entries: AuditEntry[] = []
    const { opened, client } = await opening(open, {
      authenticate: authenticateAs([tool('reader', 'sipis:read')]),
      audit: (entry) => entries.push({ ...entry }),
    })
    const feed = subscribe(client.url, ofSelector, { variables: { name: selectorNamed(1) }, credential: 'reader' })
    await feed.begun()
    expect(entries.map(({ outcome, usage }) => [outcome, [...(usage?.selectors ?? [])]])).toEqual([
      [[], [selectorNamed(1)]],
    ])
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: 'now', callid: 'one' })
    await until('it has come', () => feed.callIds().length === 1)
    feed.stop()
    await until('its end is logged', () => entries.length === 2)
    expect(entries[1]?.usage?.rows).toBeGreaterThan(1)
  })
})
