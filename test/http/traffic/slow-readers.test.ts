import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Authenticate } from '../../../src/auth/authenticate.ts'
import { anonymousPrincipal } from '../../../src/auth/principal.ts'
import type { Limits } from '../../../src/config/limits-interface.ts'
import type { Observation } from '../../../src/telemetry/observation.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import { addRow, addSelector } from '../../support/rows.ts'
import { until } from '../../support/until.ts'

let own: TestDatabase
beforeAll(async () => {
  own = await cloneDatabase('V2')
  await addSelector({ version: 'V2', sql: own.sql }, 1)
  const message = { rowid: 1, time: '2026-01-01', headers: 'h', body: 'b'.repeat(bodyBytes) }
  await addRow({ version: 'V2', sql: own.sql }, 'siptextmessages', 1, message)
})
afterAll(() => own[Symbol.asyncDispose]())

/** Exceeds the kernel buffers of a connection. */
const bodyBytes = 9_000_000
const large = '{ messages { nodes { body } } }'
const small = '{ __typename }'
const believe: Authenticate = async (name) => ({ ...anonymousPrincipal, id: name ?? 'anybody' })

async function gateway(limits: Partial<Limits> = {}, stalledMs = 500) {
  const database = openReader(own.url)
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  const seen: Observation[] = []
  const observe = (observation: Observation) => void seen.push(observation)
  const client = untilTestEnds(await openClient(database, { authenticate: believe, limits, stalledMs, observe }))
  const stalled = () => seen.filter(({ kind }) => kind === 'writeStalled').length
  const totals = () => seen.flatMap((one) => (one.kind === 'unsentBytes' ? [one.total] : []))
  const unsent = () => totals().at(-1) ?? 0
  /** Bytes of each response so far. */
  const answers = () =>
    totals().flatMap((total, n, all) => (total > (all[n - 1] ?? 0) ? [total - (all[n - 1] ?? 0)] : []))
  /** Sends a request without reading the response. */
  const askWithoutReading = (query: string, caller: string): Socket => {
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    const body = JSON.stringify({ query })
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${caller}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    )
    return socket.pause()
  }
  const ask = async (query: string, caller: string) => {
    const answer = await fetch(`${client.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: caller },
      body: JSON.stringify({ query }),
    })
    const { errors } = await answer.json()
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), ...errors?.[0].extensions }
  }
  return { ask, askWithoutReading, stalled, answers, unsent }
}

describe('A client that does not read its responses', () => {
  it('is disconnected, and its memory is released', async () => {
    const { askWithoutReading, stalled, answers, unsent } = await gateway({ unsentBytes: 1_000_000_000 })
    for (let n = 0; n < 10; n++) askWithoutReading(large, `caller ${n}`)
    await until('all are answered', () => answers().length === 10)
    // A slow machine may return errors, which fit into the buffers of a connection.
    const unread = answers().filter((bytes) => bytes > bodyBytes).length
    expect(unread).toBeGreaterThan(0)
    await until('connections with unread responses are closed', () => stalled() === unread)
    await until('nothing is held', () => unsent() === 0)
  })

  it('gets no further operations beyond LIMIT_UNSENT_BYTES_PER_CALLER, and others do', async () => {
    const { ask, askWithoutReading, unsent } = await gateway({ unsentBytesPerCaller: bodyBytes }, 60_000)
    askWithoutReading(large, 'a')
    await until('the answer waits', () => unsent() >= bodyBytes)
    expect(await ask(small, 'a')).toEqual({
      status: 429,
      retryAfter: '1',
      retryAfterSeconds: 1,
      code: 'RATE_LIMITED',
      setting: 'LIMIT_UNSENT_BYTES_PER_CALLER',
      limit: bodyBytes,
    })
    expect(await ask(small, 'b')).toMatchObject({ status: 200 })
  })

  it('causes all operations to be rejected beyond LIMIT_UNSENT_BYTES, until it disconnects', async () => {
    const { ask, askWithoutReading, unsent } = await gateway({ unsentBytes: bodyBytes }, 60_000)
    const socket = askWithoutReading(large, 'a')
    await until('the answer waits', () => unsent() >= bodyBytes)
    expect(await ask(small, 'b')).toEqual({
      status: 503,
      retryAfter: '2',
      retryAfterSeconds: 2,
      code: 'UNAVAILABLE',
      setting: 'LIMIT_UNSENT_BYTES',
      requestId: expect.any(String),
    })
    socket.destroy()
    await until('there is room', async () => (await ask(small, 'b')).status === 200)
  })

  it('keeps its admission slot until the response is sent', async () => {
    const { ask, askWithoutReading, unsent } = await gateway({ concurrentPerCaller: 1 }, 60_000)
    const socket = askWithoutReading(large, 'a')
    await until('the answer waits', () => unsent() >= bodyBytes)
    expect(await ask(small, 'a')).toMatchObject({ status: 429, setting: 'LIMIT_CONCURRENT_PER_CALLER' })
    socket.resume()
    await until('the answer has left', () => unsent() === 0)
    expect(await ask(small, 'a')).toMatchObject({ status: 200 })
  })
})

it('A client that reads slowly gets the whole response, even if that takes longer than the stall timeout', async () => {
  const { askWithoutReading, stalled } = await gateway({}, 1_000)
  const socket = askWithoutReading(large, 'a')
  let received = 0
  const closed = once(socket, 'close')
  socket.on('data', async (bytes: Buffer) => {
    received += bytes.length
    if (received >= bodyBytes) return void socket.end()
    socket.pause()
    await setTimeout(20)
    socket.resume()
  })
  socket.resume()
  await closed
  expect(received).toBeGreaterThanOrEqual(bodyBytes)
  expect(stalled()).toBe(0)
}, 120_000)
