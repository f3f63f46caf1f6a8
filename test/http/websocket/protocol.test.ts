/** The rules of graphql-transport-ws, one by one, and beside the server of the package graphql-ws. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { buildSchema } from 'graphql'
import { makeServer } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import { times } from '../../support/counts.ts'
import type { Opened } from '../../support/database.ts'
import { backends } from '../../support/database.ts'
import { authenticateAs, tool } from '../../support/principals.ts'
import { addSelector, selectorNamed } from '../../support/rows.ts'
import type { Message, Socket } from '../../support/sockets.ts'
import { openSocket } from '../../support/sockets.ts'
import { until } from '../../support/until.ts'

const init = { type: 'connection_init' }
const subscribe = (id: string, query = '{ __typename }') => ({ type: 'subscribe', id, payload: { query } })
const follow = (id: string) => subscribe(id, `subscription { changes(selector: "${selectorNamed(1)}") { token } }`)

let opened: Opened
let client: Client
let guarded: Client
let patient: Client

beforeAll(async () => {
  const [backend] = backends
  opened = (await backend?.open()) ?? expect.unreachable()
  await addSelector(opened, 1)
  client = await openClient(opened.database, { socketTimes: { initMs: 300 } })
  patient = await openClient(opened.database, { socketTimes: { initMs: 60_000 } })
  guarded = await openClient(opened.database, {
    authenticate: authenticateAs([tool('reader', 'sipis:read')]),
    limits: { streamsPerCaller: 2 },
  })
})
afterAll(async () => {
  await client?.[Symbol.asyncDispose]()
  await guarded?.[Symbol.asyncDispose]()
  await patient?.[Symbol.asyncDispose]()
  await opened?.[Symbol.asyncDispose]()
})

interface Rule {
  readonly rule: string
  readonly sent: readonly unknown[]
  readonly code: number
}

/** Each is sent at once, without a wait for an answer. */
const closing: readonly Rule[] = [
  { rule: 'text that is no JSON', sent: ['{'], code: 4400 },
  { rule: 'JSON that is no object', sent: ['[]'], code: 4400 },
  { rule: 'null', sent: ['null'], code: 4400 },
  { rule: 'an empty message', sent: [''], code: 4400 },
  { rule: 'a message without a type', sent: [{ id: 'a' }], code: 4400 },
  { rule: 'an unknown type', sent: [init, { type: 'start', id: 'a' }], code: 4400 },
  { rule: 'a type of Object.prototype', sent: [init, { type: 'constructor' }], code: 4400 },
  { rule: 'a message that only servers send', sent: [init, { type: 'connection_ack' }], code: 4400 },
  { rule: 'a result from the client', sent: [init, { type: 'next', id: 'a', payload: {} }], code: 4400 },
  {
    rule: 'an error from the client',
    sent: [init, { type: 'error', id: 'a', payload: [{ message: '' }] }],
    code: 4400,
  },
  { rule: 'a payload of connection_init that is no object', sent: [{ ...init, payload: 'x' }], code: 4400 },
  { rule: 'a payload of ping that is no object', sent: [{ type: 'ping', payload: 1 }], code: 4400 },
  { rule: 'a payload of pong that is no object', sent: [{ type: 'pong', payload: [] }], code: 4400 },
  { rule: 'subscribe without an id', sent: [init, { type: 'subscribe', payload: { query: '' } }], code: 4400 },
  { rule: 'subscribe with an empty id', sent: [init, subscribe('')], code: 4400 },
  { rule: 'subscribe with a number as id', sent: [init, { ...subscribe('a'), id: 1 }], code: 4400 },
  { rule: 'subscribe with an id that is too long', sent: [init, subscribe('x'.repeat(257))], code: 4400 },
  { rule: 'subscribe without a payload', sent: [init, { type: 'subscribe', id: 'a' }], code: 4400 },
  { rule: 'subscribe without a query', sent: [init, { type: 'subscribe', id: 'a', payload: {} }], code: 4400 },
  {
    rule: 'subscribe with variables that are no object',
    sent: [init, { type: 'subscribe', id: 'a', payload: { query: '{ __typename }', variables: [] } }],
    code: 4400,
  },
  { rule: 'complete without an id', sent: [init, { type: 'complete' }], code: 4400 },
  {
    rule: 'a message with too many levels',
    sent: [`{"type":"ping","payload":${'{"a":'.repeat(99)}1${'}'.repeat(99)}}`],
    code: 4400,
  },
  { rule: 'subscribe before connection_init', sent: [subscribe('a')], code: 4401 },
  { rule: 'subscribe before connection_ack', sent: [init, subscribe('a')], code: 4401 },
  { rule: 'a second connection_init before connection_ack', sent: [init, init], code: 4429 },
  { rule: 'no connection_init', sent: [], code: 4408 },
  { rule: 'no connection_init, but pings', sent: [{ type: 'ping' }, { type: 'pong' }], code: 4408 },
  {
    rule: 'a message of more bytes than a body may have',
    sent: [{ ...init, payload: { a: 'x'.repeat(200_000) } }],
    code: 1009,
  },
]

describe('A socket', () => {
  it.each(closing)('is closed with $code for $rule', async ({ sent, code }) => {
    const socket = await openSocket(client.url)
    for (const message of sent) socket.send(message)
    expect((await socket.closed)[0]).toBe(code)
    expect(socket.received.filter(({ type }) => type === 'next')).toEqual([])
  })

  it('is closed with 4400 for a binary frame', async () => {
    const socket = await openSocket(client.url)
    socket.socket.send(Buffer.from(JSON.stringify(init)))
    expect((await socket.closed)[0]).toBe(4400)
  })

  it.each(['graphql-ws', ''])('is closed with 4406 for the subprotocol "%s"', async (protocol) => {
    const socket = await openSocket(client.url, { protocol })
    expect(await socket.closed).toEqual([4406, 'Subprotocol not acceptable'])
  })

  it('compresses nothing', async () => {
    const socket = await openSocket(client.url)
    expect([socket.socket.protocol, socket.socket.extensions]).toEqual(['graphql-transport-ws', ''])
  })

  it('is closed with 4429 for a connection_init after connection_ack', async () => {
    const socket = await openSocket(client.url)
    await socket.init()
    socket.send(init)
    expect(await socket.closed).toEqual([4429, 'Too many initialisation requests'])
  })

  it('is closed with 4409 for an id that is in use, and takes it again once its operation is over', async () => {
    const socket = await openSocket(client.url)
    await socket.init()
    socket.send(subscribe('a'))
    await until('the first is over', () => socket.of('a').length === 2)
    socket.send(follow('a'))
    await until('the second has begun', () => socket.of('a').length === 3)
    socket.send({ type: 'complete', id: 'a' })
    socket.send(follow('a'))
    await until('the third has begun', () => socket.of('a').length === 4)
    socket.send(follow('a'))
    expect(await socket.closed).toEqual([4409, 'Subscriber for a already exists'])
    expect(socket.of('a').map(({ type }) => type)).toEqual(['next', 'complete', 'next', 'next'])
  })

  it('answers pings at any time, with their payload, and takes pongs', async () => {
    const socket = await openSocket(client.url)
    socket.send({ type: 'ping', payload: { a: [1] } })
    socket.send({ type: 'pong', payload: null })
    await socket.init()
    socket.send({ type: 'ping' })
    await until('both are answered', () => socket.received.length === 3)
    expect(socket.received).toEqual([
      { type: 'pong', payload: { a: [1] } },
      { type: 'connection_ack' },
      { type: 'pong' },
    ])
  })

  it('answers queries with a result and complete, and errors with an error alone', async () => {
    const socket = await openSocket(client.url)
    await socket.init()
    socket.send(subscribe('query', 'query A { __typename }'))
    socket.send(subscribe('wrong', '{ unknown }'))
    socket.send(subscribe('parse', '{'))
    socket.send(subscribe('mutation', 'mutation { a }'))
    socket.send({ type: 'subscribe', id: 'trusted', payload: { documentId: 'x' } })
    socket.send({ type: 'subscribe', id: 'empty', payload: { query: '' } })
    socket.send({ type: 'complete', id: 'of none' })
    await until('all are answered', () => socket.received.length === 8)
    expect(socket.of('query')).toEqual([
      { id: 'query', type: 'next', payload: { data: { __typename: 'Query' } } },
      { id: 'query', type: 'complete' },
    ])
    const codes = ['wrong', 'parse', 'mutation', 'trusted', 'empty'].map((id) =>
      socket.of(id).map(({ type, payload }) => [type, payload[0].extensions.code]),
    )
    expect(codes).toEqual([
      [['error', 'GRAPHQL_VALIDATION_FAILED']],
      [['error', 'GRAPHQL_PARSE_FAILED']],
      [['error', 'GRAPHQL_VALIDATION_FAILED']],
      [['error', 'PERSISTED_QUERY_NOT_SUPPORTED']],
      [['error', 'BAD_USER_INPUT']],
    ])
  })

  it('runs so many operations at once, and refuses others', async () => {
    const socket = await openSocket(client.url)
    await socket.init()
    for (let n = 0; n < 101; n++) socket.send(follow(String(n)))
    await until('all are answered', () => socket.received.length === 102)
    expect(socket.of('100')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] }])
  })

  it('takes the credential of its upgrade or of connection_init, of which the latter counts', async () => {
    const authorization = 'Bearer reader'
    const outcome = async (headers: Record<string, string>, payload?: object) => {
      const socket = await openSocket(guarded.url, { headers })
      socket.send({ ...init, payload })
      const acknowledged = until('it is acknowledged', () => socket.received.length > 0, 2_000).then(
        () => 'ack',
        () => 'nothing',
      )
      const found = await Promise.race([socket.closed, acknowledged])
      socket.socket.terminate()
      return found
    }
    expect(await outcome({ authorization })).toBe('ack')
    expect(await outcome({}, { authorization })).toBe('ack')
    expect(await outcome({}, { Authorization: authorization })).toBe('ack')
    expect(await outcome({}, { headers: { authorization } })).toBe('ack')
    expect(await outcome({ authorization: 'Bearer x' }, { authorization })).toBe('ack')
    expect(await outcome({ authorization }, { authorization: 'Bearer x' })).toMatchObject([4401, /^UNAUTHENTICATED: /])
    expect(await outcome({})).toMatchObject([4401, /^UNAUTHENTICATED: A credential is required/])
    expect(await outcome({}, { authorization: [authorization] })).toMatchObject([4401, /^UNAUTHENTICATED: /])
  })

  it('is closed with 1013 if its caller has too many', async () => {
    const reader = { authorization: 'Bearer reader' }
    const open = await Promise.all([1, 2].map(() => openSocket(guarded.url)))
    for (const socket of open) await socket.init(reader)
    const another = await openSocket(guarded.url)
    another.send({ ...init, payload: reader })
    expect(await another.closed).toMatchObject([1013, /^RATE_LIMITED: You have 2 sockets open/])
    open[0]?.socket.close()
    await open[0]?.closed
    await (await openSocket(guarded.url)).init(reader)
  })
})

/** The server of graphql-ws itself, with a schema of one field. */
async function openReference() {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => offered.has('graphql-transport-ws') && 'graphql-transport-ws',
  })
  const reference = makeServer({
    schema: buildSchema('type Query { a: Int }'),
    connectionInitWaitTimeout: 60_000,
  })
  server.on('connection', (socket) => {
    const closed = reference.opened(
      {
        protocol: socket.protocol,
        send: (text) => new Promise((resolve) => socket.send(text, () => resolve())),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) =>
          // An unknown message is an error of the server there, and one of the client here.
          socket.on('message', (data) =>
            take(String(data)).catch(() => socket.close(4400, 'Invalid message received')),
          ),
      },
      {},
    )
    socket.once('close', (code, reason) => void closed(code, String(reason)))
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

const query = { query: '{ __typename }' }
const message = fc.oneof(
  { weight: 3, arbitrary: fc.constant(init) },
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c').map((id) => ({ type: 'subscribe', id, payload: query })) },
  fc.constantFrom('a', 'b').map((id) => ({ type: 'complete', id })),
  fc.record({ type: fc.constantFrom('ping', 'pong'), payload: fc.constantFrom(null, {}, { a: 1 }) }),
  fc.record({
    type: fc.constantFrom('subscribe', 'complete', 'connection_init', 'ping', 'next', 'connection_ack', 'x', '', null),
    id: fc.constantFrom('a', '', 1, null),
    payload: fc.constantFrom(
      undefined,
      null,
      {},
      [],
      'x',
      query,
      { ...query, variables: 1 },
      { ...query, operationName: 1 },
    ),
  }),
  fc.constantFrom('', '{', '[]', '"x"', '0'),
)

/** Whether what was sent up to the n-th message has had its answer: acknowledged, or an end of each operation. */
function isOver({ received }: Socket, messages: readonly unknown[], n: number): boolean {
  const sent = messages.slice(0, n + 1).map((one) => JSON.stringify(one))
  const count = (type: RegExp) => received.filter((one) => type.test(one.type)).length
  const hasBegun = sent.some((one) => one.includes('"type":"connection_init"'))
  const operations = sent.filter((one) => one.includes('"type":"subscribe"')).length
  return (!hasBegun || count(/^connection_ack$/) === 1) && count(/^(complete|error)$/) === operations
}

describe('For any messages', () => {
  it(
    'the gateway answers and closes as the server of graphql-ws does',
    async () => {
      const reference = await openReference()
      try {
        const outcome = async (url: string, messages: readonly unknown[]) => {
          const socket = await openSocket(url)
          let closing: number | undefined
          void socket.closed.then(([code]) => {
            closing = code
          })
          for (const [n, one] of messages.entries()) {
            socket.send(one)
            socket.send({ type: 'ping', payload: { n } })
            // A right message is answered, and a wrong one closes the socket.
            const isAnswered = () =>
              socket.received.some(({ payload }) => payload?.n === n) && isOver(socket, messages, n)
            await until('it is answered', () => closing !== undefined || isAnswered())
          }
          socket.socket.terminate()
          // The answers to pings of its own come at any place.
          const received = socket.received.filter(({ payload }) => payload?.n === undefined)
          return { closing, received: received.map(({ type, id }: Message) => `${type} ${id ?? ''}`) }
        }
        await fc.assert(
          fc.asyncProperty(fc.array(message, { maxLength: 8 }), async (messages) => {
            const [own, theirs] = await Promise.all([outcome(patient.url, messages), outcome(reference.url, messages)])
            expect(own).toEqual(theirs)
          }),
          { numRuns: times(5_000, 300), endOnFailure: true },
        )
      } finally {
        reference.close()
      }
    },
    times(900_000, 120_000),
  )
})
