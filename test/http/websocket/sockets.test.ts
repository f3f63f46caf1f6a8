import { once } from 'node:events'
import { connect } from 'node:net'
import { createClient as createSseClient } from 'graphql-sse'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CredentialError, KeysUnavailable } from '../../../src/auth/credential-error.ts'
import type { AuditEntry } from '../../../src/http/operations/audit.ts'
import type { Observation } from '../../../src/telemetry/observation.ts'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import { isFull } from '../../support/counts.ts'
import type { Opened } from '../../support/database.ts'
import { backends, untilTestEnds } from '../../support/database.ts'
import { openGate } from '../../support/gate.ts'
import { authenticateAs, device, tool } from '../../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../../support/rows.ts'
import { askSocket, openSocket, socketClient } from '../../support/sockets.ts'
import { until } from '../../support/until.ts'

const ofSelector = `subscription ($name: String!, $since: String) {
  changes(selector: $name, since: $since) { events { __typename id time ... on Call { callId } ... on Message { body } } gone hasMore reset token }
}`
const own = { name: selectorNamed(1) }
const time = '2026-01-01'

interface Result {
  // biome-ignore lint/suspicious/noExplicitAny: data has the shape of its query.
  readonly data?: any
  readonly errors?: readonly { extensions: Record<string, unknown> }[]
}

/** The same subscription over either transport, by the clients of their packages. */
function subscribe(
  url: string,
  transport: 'sse' | 'ws',
  variables: object = own,
  { credential = 'x', query = ofSelector } = {},
) {
  const received: Result[] = []
  const ended = Promise.withResolvers<unknown>()
  const sink = {
    next: (result: object) => void received.push(result),
    error: ended.resolve,
    complete: () => ended.resolve('complete'),
  }
  const headers = { authorization: `Bearer ${credential}` }
  const request = { query, variables: { ...variables } }
  const stop =
    transport === 'ws'
      ? socketClient(url, credential).subscribe(request, sink)
      : createSseClient({ url: `${url}/graphql`, headers, retryAttempts: 0 }).subscribe(request, sink)
  onTestFinished(stop)
  return {
    received,
    stop,
    ended: ended.promise,
    changes: () => received.flatMap(({ data }) => data?.changes ?? []),
    ids: () =>
      received.flatMap(({ data }) => data?.changes.events.map(({ callId }: { callId: string }) => callId) ?? []),
    begun: () => until('it has begun', () => received.length > 0),
  }
}

const [backend] = backends
const open = () => backend?.open() ?? expect.unreachable()

async function opening(options: ClientOptions = {}, from = open): Promise<{ opened: Opened; client: Client }> {
  const opened = untilTestEnds(await from())
  for (const n of [1, 2]) await addSelector(opened, n)
  return { opened, client: untilTestEnds(await openClient(opened.database, options)) }
}

const codesOf = (errors: unknown) =>
  Array.isArray(errors) ? errors.map(({ extensions }) => extensions.code) : [String(errors)]

/** Readers of changes are tested on all; this compares transports, in CI on a server and an embedded database. */
const compared = isFull ? backends : [...backends.slice(0, 1), ...backends.slice(-1)]

describe.each(compared)('On $name, a subscription', ({ open: from }) => {
  it('gives over WebSocket what it gives over Server-Sent Events', async () => {
    const { opened, client } = await opening({}, from)
    const feeds = (['sse', 'ws'] as const).map((transport) => subscribe(client.url, transport))
    for (const feed of feeds) await feed.begun()
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: 'now', callid: 'one' })
    await until('both have it', () => feeds.every((feed) => feed.ids().length === 1))
    await addRow(opened, 'siptextmessages', 1, { rowid: 2, time: 'now', body: 'ä\u2028"\\' })
    await addRow(opened, 'sipcalls', 2, { rowid: 3, time: 'now', callid: 'of another' })
    await addRow(opened, 'sipcalls', 1, { rowid: 4, time: '2001-01-01', callid: 'two' })
    await until('both have them', () => feeds.every((feed) => feed.ids().length === 3))
    // Tokens differ in their nonce, and one transport may look between two rows.
    const [sse, ws] = feeds.map((feed) =>
      feed
        .changes()
        .map(({ token: _, events: __, ...rest }) => rest)
        .at(-1),
    )
    expect(ws).toEqual(sse)
    const events = feeds.map((feed) => feed.changes().flatMap((found) => found.events))
    expect(events[1]).toHaveLength(3)
    expect(new Set(events[1])).toEqual(new Set(events[0]))
    // A token of one transport goes on over the other.
    const [since] = feeds.map((feed) => feed.changes().at(-1)?.token)
    await addRow(opened, 'sipcalls', 1, { rowid: 5, time, callid: 'three' })
    const on = subscribe(client.url, 'ws', { ...own, since })
    await on.begun()
    expect(on.ids()).toEqual(['three'])
  }, 60_000)
})

describe('A subscription over WebSocket', () => {
  it('is refused with the errors of one over Server-Sent Events', async () => {
    const authenticate = authenticateAs([device('phone', selectorNamed(1)), tool('reader', 'sipis:read'), tool('ops')])
    const { client } = await opening({ authenticate })
    const ofAll = 'subscription ($kinds: [EventKind!]) { allChanges(kinds: $kinds) { token } }'
    const foreign = { name: selectorNamed(2) }
    const cases = [
      ['phone', ofSelector, foreign, 'BAD_USER_INPUT'],
      ['phone', ofSelector, { name: selectorNamed(9) }, 'BAD_USER_INPUT'],
      ['phone', ofSelector, { ...own, since: 'x' }, 'BAD_USER_INPUT'],
      ['phone', ofSelector, {}, 'BAD_USER_INPUT'],
      ['phone', ofSelector, { name: 1 }, 'BAD_USER_INPUT'],
      ['phone', ofAll, {}, 'FORBIDDEN'],
      ['ops', ofAll, {}, 'FORBIDDEN'],
      ['ops', ofSelector, own, 'BAD_USER_INPUT'],
      ['reader', ofAll, { kinds: [] }, 'BAD_USER_INPUT'],
      ['reader', 'subscription { none }', {}, 'GRAPHQL_VALIDATION_FAILED'],
      ['phone', ofSelector, own, undefined],
      ['reader', ofSelector, foreign, undefined],
      ['reader', ofAll, { kinds: ['CALL'] }, undefined],
    ] as const
    for (const [credential, query, variables, code] of cases) {
      const [sse, ws] = (['sse', 'ws'] as const).map((transport) =>
        subscribe(client.url, transport, variables, { credential, query }),
      )
      const first = async (feed: typeof sse): Promise<Result | undefined> => {
        const begun = feed?.begun().then(() => feed.received[0])
        const ended = feed?.ended.then((end) => (Array.isArray(end) ? { errors: end } : feed.received[0]))
        return Promise.race([begun, ended])
      }
      const [found, other] = await Promise.all([first(sse), first(ws)])
      const where = [credential, query, variables]
      expect([where, found?.errors?.[0]?.extensions['code']]).toEqual([where, code])
      if (code !== undefined) expect([where, other]).toEqual([where, found])
      else expect([where, Object.keys(other?.data ?? {})]).toEqual([where, Object.keys(found?.data ?? {})])
      ws?.stop()
      sse?.stop()
    }
  })

  it.each([
    { what: 'expires', hasExpired: true, code: 4403, reason: 'EXPIRED' },
    { what: 'is revoked', hasExpired: false, code: 4401, reason: 'INVALID' },
  ])('ends with its socket when its credential $what, and says so, before it tells more', async (given) => {
    let isGood = true
    const reader = tool('reader', 'sipis:read')
    const { opened, client } = await opening({
      authenticate: async () => {
        if (isGood) return reader
        throw new CredentialError('over', { hasExpired: given.hasExpired })
      },
    })
    const socket = await openSocket(client.url)
    await socket.init({ authorization: 'Bearer x' })
    for (const id of ['a', 'b']) {
      const variables = { name: selectorNamed(id === 'a' ? 1 : 2) }
      socket.send({ type: 'subscribe', id, payload: { query: ofSelector, variables } })
    }
    await until('both have begun', () => socket.received.length === 3)
    // The first looks wake every subscription; then it is quiet.
    let looks = 0
    await until('it is quiet', () => {
      looks += client.statements().filter(({ text }) => text.includes('10 minutes')).length
      return looks >= 2
    })
    isGood = false
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: 'now', callid: 'secret' })
    expect(await socket.closed).toMatchObject([given.code, /^UNAUTHENTICATED: /])
    for (const id of ['a', 'b']) {
      expect(socket.of(id).at(-1)).toMatchObject({
        type: 'error',
        payload: [{ extensions: { code: 'UNAUTHENTICATED', reason: given.reason } }],
      })
    }
    expect(JSON.stringify(socket.received)).not.toContain('secret')
  })

  it('is closed when its credential ends, also while nothing is asked', async () => {
    let isGood = true
    const { client } = await opening({
      authenticate: async () => {
        if (isGood) return tool('reader', 'sipis:read')
        throw new CredentialError('over', { hasExpired: true })
      },
      socketTimes: { beatMs: 20, identifyMs: 0 },
    })
    const socket = await openSocket(client.url)
    await socket.init({ authorization: 'Bearer x' })
    isGood = false
    expect(await socket.closed).toMatchObject([4403, /has expired/])
  })

  it('asks for the credential again with each operation', async () => {
    let isGood = true
    const { client } = await opening({
      authenticate: async () => {
        if (isGood) return tool('reader', 'sipis:read')
        throw new CredentialError('revoked')
      },
    })
    const socket = await openSocket(client.url)
    await socket.init({ authorization: 'Bearer x' })
    isGood = false
    socket.send({ type: 'subscribe', id: 'a', payload: { query: '{ viewer { name } }' } })
    expect(await socket.closed).toMatchObject([4401, /^UNAUTHENTICATED/])
    expect(socket.of('a')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'UNAUTHENTICATED' } }] }])
  })

  it('ends when the gateway stops, with a hint when to come back, and its token goes on at another gateway', async () => {
    const changes = { secrets: ['a secret of the tests'] }
    const { opened, client } = await opening({ changes })
    const other = untilTestEnds(await openClient(opened.database, { changes }))
    const [idle, busy] = [await openSocket(client.url), await openSocket(client.url)]
    await busy.init()
    busy.send({ type: 'subscribe', id: 'a', payload: { query: ofSelector, variables: own } })
    await until('it has begun', () => busy.of('a').length === 1)
    const since = busy.of('a')[0]?.payload.data.changes.token
    client.drain()
    expect(await idle.closed).toEqual([1012, 'UNAVAILABLE: The gateway stops.'])
    expect(await busy.closed).toEqual([1012, 'UNAVAILABLE: The gateway stops.'])
    expect(busy.of('a').at(-1)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'UNAVAILABLE', retryAfterSeconds: expect.any(Number) } }],
    })
    expect(await (await openSocket(client.url)).closed).toEqual([503, 'UNAVAILABLE'])
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time, callid: 'meanwhile' })
    const again = subscribe(other.url, 'ws', { ...own, since })
    await again.begun()
    expect(again.ids()).toEqual(['meanwhile'])
  })

  it('lets a query end when the gateway stops, but no socket stays', async () => {
    const gate = openGate(untilTestEnds(await open()).database)
    const client = untilTestEnds(await openClient(gate.database, { socketTimes: { drainMs: 500 } }))
    const sockets = [await openSocket(client.url), await openSocket(client.url)]
    for (const socket of sockets) {
      await socket.init()
      socket.send({ type: 'subscribe', id: 'a', payload: { query: '{ calls { nodes { id } } }' } })
    }
    await until('both wait', () => gate.waiting === 2)
    client.drain()
    sockets[0]?.send({ type: 'complete', id: 'a' })
    expect((await Promise.all(sockets.map(({ closed }) => closed))).map(([code]) => code)).toEqual([1012, 1012])
    expect(gate.waiting).toBe(0)
  })

  it('is limited for each caller and in all, together with Server-Sent Events', async () => {
    const { client } = await opening({
      authenticate: authenticateAs([tool('a', 'sipis:read'), tool('b', 'sipis:read')]),
      limits: { streams: 3, streamsPerCaller: 2 },
    })
    const one = (credential: string, transport: 'sse' | 'ws') => subscribe(client.url, transport, own, { credential })
    const [first, second] = [one('a', 'ws'), one('a', 'sse')]
    await first.begun()
    await second.begun()
    expect(codesOf(await one('a', 'ws').ended)).toEqual(['RATE_LIMITED'])
    const third = one('b', 'ws')
    await third.begun()
    expect(codesOf(await one('b', 'ws').ended)).toEqual(['UNAVAILABLE'])
    first.stop()
    await until('a place is free', async () => {
      const another = one('b', 'sse')
      return Promise.race([another.begun().then(() => true), another.ended.then(() => false)])
    })
  })

  it('costs a client that reads slowly one page, and is closed if nothing is read', async () => {
    const seen: string[] = []
    const entries: AuditEntry[] = []
    const { opened, client } = await opening({
      stalledMs: 500,
      observe: ({ kind }) => seen.push(kind),
      audit: (entry) => entries.push(entry),
    })
    const query = ofSelector.replace('since: $since', 'since: $since, first: 10')
    const follow = { type: 'subscribe', id: 'a', payload: { query, variables: own } }
    const socket = await openSocket(client.url)
    await socket.init()
    socket.send(follow)
    await until('it has begun', () => socket.of('a').length === 1)
    const since = socket.of('a')[0]?.payload.data.changes.token
    socket.send({ type: 'complete', id: 'a' })
    // More than the buffers of the connection hold.
    for (let rowid = 1; rowid <= 300; rowid++)
      await addRow(opened, 'siptextmessages', 1, { rowid, time: 'now', body: 'x'.repeat(100_000) })
    await until('its end is logged', () => entries.length === 2)
    socket.send({ ...follow, payload: { query, variables: { ...own, since } } })
    socket.socket.pause()
    await until('it is closed', () => seen.includes('writeStalled'))
    socket.socket.resume()
    await socket.closed
    await until('its end is logged', () => entries.length === 4)
    const other = await openSocket(client.url)
    await other.init()
    other.send({ ...follow, payload: { query, variables: { ...own, since } } })
    const told = () => other.of('a').flatMap(({ payload }) => payload.data.changes.events)
    await until('another has read all', () => told().length === 300)
    other.send({ type: 'complete', id: 'a' })
    await until('its end is logged', () => entries.length === 6)
    // Had it not waited, as much would have been read for it.
    const [slow = 0, quick = 0] = [entries[3]?.usage?.rows, entries[5]?.usage?.rows]
    expect(slow * 2).toBeLessThan(quick)
  }, 90_000)

  it('is in the audit log and the metrics when it begins and when it ends', async () => {
    const entries: AuditEntry[] = []
    const observed: Observation[] = []
    const { opened, client } = await opening({
      authenticate: authenticateAs([tool('reader', 'sipis:read')]),
      audit: (entry) => entries.push({ ...entry }),
      observe: (observation) => observed.push(observation),
    })
    const counts = (kind: string) => observed.flatMap((one) => (one.kind === kind && 'open' in one ? one.open : []))
    const feed = subscribe(client.url, 'ws', own, { credential: 'reader' })
    await feed.begun()
    expect(entries.map(({ outcome, usage }) => [outcome, [...(usage?.selectors ?? [])]])).toEqual([
      [[], [selectorNamed(1)]],
    ])
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time: 'now', callid: 'one' })
    await until('it has come', () => feed.ids().length === 1)
    feed.stop()
    await until('its end is logged', () => entries.length === 2)
    expect(entries[1]?.usage?.rows).toBeGreaterThan(1)
    await until('its socket has closed', () => counts('socketsChanged').at(-1) === 0)
    expect([counts('streamsChanged'), counts('socketsChanged')]).toEqual([
      [1, 0],
      [1, 0],
    ])
    expect(observed.filter(({ kind }) => kind === 'requestEnded')).toMatchObject([
      { route: 'stream', status: 200, codes: [], cost: entries[0]?.cost },
    ])
  })
})

describe('A query over WebSocket', () => {
  it('gives what it gives over HTTP, with its limits', async () => {
    const { opened, client } = await opening({ limits: { cost: 300, responseBytes: 2_000 } })
    for (let n = 1; n <= 3; n++) await addRow(opened, 'sipcalls', 1, { rowid: n, time, callid: `${n}` })
    for (let n = 4; n <= 5; n++) await addRow(opened, 'siptextmessages', 1, { rowid: n, time, body: 'x'.repeat(1_500) })
    for (const [query, variables] of [
      [
        'query ($n: String!) { selector(name: $n) { name calls(first: 2) { nodes { callId time } } } }',
        { n: own.name },
      ],
      ['{ selector(name: "unknown") { name } viewer { name scopes } }', {}],
      ['{ selectors(after: "x") { nodes { name } } viewer { name } }', {}],
      ['{ messages(first: 2) { nodes { body } } }', {}],
      ['{ calls(first: 100) { nodes { id callId time } } }', {}],
      ['query ($n: Int!) { calls(first: $n) { nodes { id } } }', { n: 'x' }],
    ] as const) {
      const [http, socket] = [
        await client.answer(query, variables),
        await askSocket(client.url, query, variables).catch((errors: unknown) => ({ errors })),
      ]
      expect(socket).toEqual(JSON.parse(JSON.stringify(http)))
    }
  })

  it('is cancelled when its client has enough of it, or is gone', async () => {
    const entries: AuditEntry[] = []
    const gate = openGate(untilTestEnds(await open()).database)
    const client = untilTestEnds(await openClient(gate.database, { audit: (entry) => entries.push({ ...entry }) }))
    const socket = await openSocket(client.url)
    await socket.init()
    for (const id of ['a', 'b'])
      socket.send({ type: 'subscribe', id, payload: { query: '{ calls { nodes { id } } }' } })
    await until('both wait', () => gate.waiting === 2)
    socket.send({ type: 'complete', id: 'a' })
    await until('one has ended', () => entries.length === 1)
    socket.socket.terminate()
    await until('both have ended', () => entries.length === 2)
    expect(entries.map(({ outcome }) => outcome[0])).toEqual(['DISCONNECTED', 'DISCONNECTED'])
    expect(gate.waiting).toBe(0)
    expect(socket.received).toHaveLength(1)
  })

  it('counts for the rate limits of its address and its caller', async () => {
    const { client } = await opening({
      rateLimits: { requestsPerMinute: 3 },
    })
    const socket = await openSocket(client.url)
    await socket.init()
    for (const id of ['a', 'b', 'c']) socket.send({ type: 'subscribe', id, payload: { query: '{ __typename }' } })
    await until('all are answered', () => socket.received.length === 6)
    // The upgrade was the first request.
    expect(socket.of('c')).toMatchObject([
      { type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED', setting: 'RATE_LIMIT_REQUESTS' } }] },
    ])
    expect(await (await openSocket(client.url)).closed).toEqual([429, 'RATE_LIMITED'])
  })

  it('may name a trusted document, and must where only those are allowed', async () => {
    const manifest = { 'sha256:abc': '{ __typename }' }
    const { client } = await opening({ trustedDocuments: { manifest, only: true } })
    const socket = await openSocket(client.url)
    await socket.init()
    socket.send({ type: 'subscribe', id: 'a', payload: { documentId: 'sha256:abc' } })
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'abc' } }
    socket.send({ type: 'subscribe', id: 'b', payload: { query: '', extensions } })
    socket.send({ type: 'subscribe', id: 'c', payload: { query: '{ viewer { name } }' } })
    await until('all are answered', () => socket.received.length === 6)
    expect([socket.of('a').length, socket.of('b').length]).toEqual([2, 2])
    expect(socket.of('c')).toMatchObject([{ payload: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }] }])
  })
})

describe('A socket', () => {
  it('is refused to pages of other origins, and to foreign hosts where no credential is needed', async () => {
    const { client } = await opening({ corsOrigins: ['https://app.example'] })
    const outcome = async (headers: Record<string, string>) => {
      const socket = await openSocket(client.url, { headers })
      if (socket.socket.readyState !== socket.socket.OPEN) return socket.closed
      await socket.init()
      return 'open'
    }
    const page = { 'sec-fetch-mode': 'websocket', 'sec-fetch-dest': 'empty' }
    const host = new URL(client.url).host
    expect(await outcome({})).toBe('open')
    expect(await outcome({ origin: `http://${host}` })).toBe('open')
    expect(await outcome({ ...page, 'sec-fetch-site': 'same-origin', origin: `http://${host}` })).toBe('open')
    expect(await outcome({ ...page, 'sec-fetch-site': 'cross-site', origin: 'https://app.example' })).toBe('open')
    expect(await outcome({ origin: 'https://evil.example' })).toEqual([403, 'FORBIDDEN'])
    expect(await outcome({ origin: 'null' })).toEqual([403, 'FORBIDDEN'])
    expect(await outcome({ ...page, 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' })).toEqual([
      403,
      'FORBIDDEN',
    ])
    expect(await outcome({ ...page, origin: `http://${host}` })).toEqual([403, 'FORBIDDEN'])
    expect(await outcome({ host: 'evil.example' })).toEqual([403, 'FORBIDDEN'])
  })

  it('is terminated when its client is gone without a word', async () => {
    const open: number[] = []
    const { client } = await opening({
      socketTimes: { beatMs: 50 },
      observe: (one) => void (one.kind === 'socketsChanged' && open.push(one.open)),
    })
    const [silent, alive] = [await openSocket(client.url), await openSocket(client.url)]
    await alive.init()
    await silent.init()
    // Neither reads nor answers pings.
    silent.socket.pause()
    await until('it is terminated', () => open.at(-1) === 1)
    expect(open).toEqual([1, 2, 1])
    alive.send({ type: 'ping' })
    await until('the other is alive', () => alive.received.length === 2)
  })

  it('exists at /graphql alone, and an upgrade to something else is ignored', async () => {
    const { client } = await opening()
    const { port } = new URL(client.url)
    const ask = async (head: string, body = '') => {
      const socket = connect(Number(port), '127.0.0.1')
      onTestFinished(() => void socket.destroy())
      const close = /upgrade: websocket/i.test(head) ? '' : 'Connection: close\r\n'
      socket.end(`${head}\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n${close}\r\n${body}`)
      let text = ''
      socket.on('data', (part) => {
        text += part
      })
      await once(socket, 'close')
      return text
    }
    const upgrade = (to: string) => `\r\nConnection: upgrade\r\nUpgrade: ${to}\r\nSec-WebSocket-Version: 13`
    expect(await ask(`GET /live HTTP/1.1${upgrade('websocket')}`)).toMatch(/^HTTP\/1.1 200 .*{"status":"ok"}$/s)
    expect(await ask(`GET /other HTTP/1.1${upgrade('websocket')}`)).toMatch(/^HTTP\/1.1 404 /)
    expect(await ask(`GET /graphql HTTP/1.1${upgrade('websocket')}`)).toMatch(/^HTTP\/1.1 400 /)
    const json = '\r\nContent-Type: application/json'
    const query = '{"query":"{ __typename }"}'
    expect(await ask(`POST /graphql HTTP/1.1${json}${upgrade('h2c')}`, query)).toMatch(/"data":{"__typename":"Query"}/)
    expect(await ask(`POST /graphql HTTP/1.1${json}${upgrade('websocket')}`, query)).toMatch(/"data":{"__typename"/)
  })

  it('is not made behind a request that has no answer yet, which ends the connection', async () => {
    const gate = openGate(untilTestEnds(await open()).database)
    const client = untilTestEnds(await openClient(gate.database))
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const body = '{"query":"{ calls { nodes { id } } }"}'
    const head = 'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n'
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        `${head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    socket.on('error', () => undefined)
    await once(socket.resume(), 'close')
    gate.release()
    expect(await client.ask('{ __typename }')).toEqual({ __typename: 'Query' })
  })

  it('is closed with 1013 while the credential cannot be verified', async () => {
    const away = Promise.withResolvers<never>()
    const [hanging, failing] = [
      untilTestEnds(
        await openClient(untilTestEnds(await open()).database, {
          authenticate: () => away.promise,
          limits: { operationMs: 100 },
        }),
      ),
      untilTestEnds(
        await openClient(untilTestEnds(await open()).database, {
          authenticate: async () => {
            throw new KeysUnavailable('away')
          },
        }),
      ),
    ]
    for (const client of [hanging, failing]) {
      const socket = await openSocket(client.url)
      socket.send({ type: 'connection_init' })
      expect(await socket.closed).toMatchObject([1013, /^UNAVAILABLE: /])
    }
  })

  it('is closed when its server stops, even if it was not drained before', async () => {
    const opened = untilTestEnds(await open())
    const client = await openClient(opened.database)
    const socket = await openSocket(client.url)
    await socket.init()
    await client[Symbol.asyncDispose]()
    expect((await socket.closed)[0]).toBe(1006)
  })
})
