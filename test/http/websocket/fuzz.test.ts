/** Sends generated frames. The gateway must stay alive and right, and keep nothing of the sockets. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Observation } from '../../../src/telemetry/observation.ts'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import { times } from '../../support/counts.ts'
import type { Opened } from '../../support/database.ts'
import { backends } from '../../support/database.ts'
import { heapUsed } from '../../support/heap.ts'
import { addDataSet } from '../../support/rows.ts'
import { openSocket, transport } from '../../support/sockets.ts'
import { until } from '../../support/until.ts'

/** A frame of RFC 6455, right or wrong. */
interface Frame {
  readonly first: number
  readonly isMasked: boolean
  /** Told instead of the real length. */
  readonly length: number | undefined
  readonly payload: string | Buffer
}

function bytesOf({ first, isMasked, length, payload }: Frame): Buffer {
  const body = Buffer.from(payload)
  const told = length ?? body.length
  const head = Buffer.alloc(told < 126 ? 2 : told < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = (isMasked ? 0x80 : 0) | (told < 126 ? told : told < 65_536 ? 126 : 127)
  if (told >= 65_536) head.writeBigUInt64BE(BigInt(told), 2)
  else if (told >= 126) head.writeUInt16BE(told, 2)
  if (!isMasked) return Buffer.concat([head, body])
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, body.map((byte, n) => byte ^ (mask[n % 4] ?? 0))])
}

const json = (value: unknown) => JSON.stringify(value)
const text = (payload: string): Frame => ({ first: 0x81, isMasked: true, length: undefined, payload })
const queries = [
  '{ __typename }',
  '{ selectors(first: 5) { nodes { name calls(first: 5) { nodes { callId } } } } }',
  '{ calls(first: 50) { totalCount nodes { id callId time } } }',
  'subscription { allChanges { events { id } token } }',
  'subscription { allChanges(since: "x") { token } }',
  'query A { __typename } subscription B { allChanges { token } }',
  '{ a { b',
  '',
]
const id = fc.constantFrom('a', 'b', 'c', '', '__proto__', 'x'.repeat(300))
const messages = fc.oneof(
  { weight: 5, arbitrary: fc.constant(json({ type: 'connection_init' })) },
  {
    weight: 10,
    arbitrary: fc
      .record({
        id,
        query: fc.constantFrom(...queries),
        variables: fc.option(fc.jsonValue(), { nil: undefined }),
        operationName: fc.constantFrom(undefined, 'A', 'B', null, 5),
        extensions: fc.constantFrom(undefined, {}, { persistedQuery: { sha256Hash: 'x' } }, []),
      })
      .map(({ id, ...payload }) => json({ type: 'subscribe', id, payload })),
  },
  { weight: 3, arbitrary: id.map((id) => json({ type: 'complete', id })) },
  fc.jsonValue().map((payload) => json({ type: 'ping', payload })),
  fc.jsonValue().map(json),
  fc.string(),
  fc.constantFrom('['.repeat(50_000), `{"type":"ping","payload":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`),
)
/** Text that is right, mostly, and else any opcode, reserved bits, wrong lengths, no mask, bytes that are no UTF-8. */
const frame: fc.Arbitrary<Frame> = fc.oneof(
  {
    weight: 12,
    arbitrary: messages.map(text),
  },
  fc.record({
    first: fc.oneof(fc.constantFrom(0x01, 0x00, 0x80, 0x82, 0x88, 0x89, 0x8a), fc.integer({ min: 0, max: 255 })),
    isMasked: fc.boolean(),
    length: fc.constantFrom(undefined, undefined, 0, 125, 65_535, 200_000, 2 ** 40),
    payload: fc.oneof(
      messages,
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    ),
  }),
)
const ending = fc.constantFrom('end', 'destroy', 'stay', 'reset', 'pause')
const sound = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), query: fc.constantFrom(...queries) })
      .map(({ id, query }) => json({ type: 'subscribe', id, payload: { query } })),
  },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c').map((id) => json({ type: 'complete', id })) },
  fc.constantFrom('ping', 'pong').map((type) => json({ type })),
)
/** Most begin as they should, or else they were over at once. */
const frames = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.array(sound, { maxLength: 10 }), fc.array(frame, { maxLength: 6 }))
  .map(([n, first, rest]) => (n === 0 ? rest : [json({ type: 'connection_init' }), ...first].map(text).concat(rest)))
const attack = fc.record({ frames, ending, isSplit: fc.boolean() })
type Attack = typeof attack extends fc.Arbitrary<infer T> ? T : never

const [backend] = backends
let opened: Opened
let client: Client
const observed: Observation[] = []
const last = (kind: Observation['kind']) => observed.findLast((one) => one.kind === kind)

beforeAll(async () => {
  opened = (await backend?.open()) ?? expect.unreachable()
  await addDataSet(opened, { selectors: 5, calls: 5 })
  client = await openClient(opened.database, {
    observe: (one) => observed.push(one),
    stalledMs: 300,
    limits: { streams: 1_000 },
  })
})
afterAll(async () => {
  await client?.[Symbol.asyncDispose]()
  await opened?.[Symbol.asyncDispose]()
})

/** Opens a socket by hand, sends the frames, and leaves it in some way. */
function send({ frames, ending, isSplit }: Attack): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
    const key = randomBytes(16).toString('base64')
    const head = `GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${transport}\r\n\r\n`
    const bytes = frames.map(bytesOf)
    // One by one, each has its answer before the next one; together, connection_init has none yet.
    const pause = isSplit ? 4 : 0
    if (isSplit) {
      socket.write(head)
      for (const [n, one] of bytes.entries()) setTimeout(() => socket.write(one), 10 + pause * n)
    } else socket.write(Buffer.concat([Buffer.from(head), ...bytes]))
    const sentMs = 10 + pause * bytes.length
    if (ending === 'pause') socket.pause()
    else socket.on('data', () => undefined)
    const leave = { end: () => socket.end(), reset: () => socket.resetAndDestroy() }
    setTimeout(() => (ending === 'end' || ending === 'reset' ? leave[ending]() : undefined), sentMs + 10)
    setTimeout(() => socket.destroy(), ending === 'destroy' ? sentMs - 4 : sentMs + 50)
  })
}

describe('The gateway', () => {
  it(
    'stays alive and right whatever frames it gets, and keeps nothing of them',
    async () => {
      const stray: unknown[] = []
      const note = (reason: unknown) => stray.push(reason)
      process.on('unhandledRejection', note)
      process.on('uncaughtException', note)
      onTestFinished(() => void process.off('unhandledRejection', note).off('uncaughtException', note))
      const run = (numRuns: number) =>
        fc.assert(
          fc.asyncProperty(fc.array(attack, { minLength: 10, maxLength: 10 }), async (attacks) => {
            await Promise.all(attacks.map(send))
            const bugs = observed.filter(({ kind }) => /^(requestFailed|responseFailed|operationFailed)$/.test(kind))
            expect([bugs, stray]).toEqual([[], []])
            // The last of each kind is kept.
            observed.splice(0, observed.length - 200)
          }),
          { numRuns, endOnFailure: true },
        )
      await run(times(20, 5))
      const before = heapUsed()
      await run(times(400, 25))
      await until('nothing is left', () => {
        const socketsOpen = last('socketsChanged')
        return socketsOpen?.kind !== 'socketsChanged' || socketsOpen.open === 0
      })
      expect(heapUsed() - before).toBeLessThan(100_000_000)
      const left = ['streamsChanged', 'unsentBytes', 'admissionChanged', 'turnsChanged'] as const
      await until('all is free', () =>
        left.every((kind) => /(open|total|running)":0|undefined/.test(`${json(last(kind))}`)),
      )
      const socket = await openSocket(client.url)
      await socket.init()
      socket.send({ type: 'subscribe', id: 'a', payload: { query: '{ selectors(first: 1) { totalCount } }' } })
      await until('it is answered', () => socket.of('a').length === 2)
      expect(socket.of('a')[0]?.payload).toEqual({ data: { selectors: { totalCount: 5 } } })
      expect(await client.ask('{ selectors(first: 1) { totalCount } }')).toEqual({ selectors: { totalCount: 5 } })
    },
    times(3_600_000, 120_000),
  )

  it('opens and closes a thousand sockets', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, async (_, n) => {
        const socket = await openSocket(client.url)
        if (n % 3 === 0) socket.socket.terminate()
        else {
          await socket.init()
          socket.send({ type: 'subscribe', id: 'a', payload: { query: '{ __typename }' } })
          await until('it is answered', () => socket.of('a').length === 2, 60_000)
          socket.socket.close(1000)
        }
        return (await socket.closed)[0]
      }),
    )
    expect(new Set(outcomes)).toEqual(new Set([1000, 1006]))
    await until('all are closed', () => json(last('socketsChanged'))?.includes('"open":0') === true)
    expect(json(last('streamsChanged') ?? { open: 0 })).toContain('"open":0')
  }, 120_000)
})
