import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Authenticate } from '../../../src/auth/authenticate.ts'
import { anonymousPrincipal } from '../../../src/auth/principal.ts'
import type { Limits } from '../../../src/config/limits-interface.ts'
import type { Database } from '../../../src/database/database.ts'
import { readParameters } from '../../../src/http/graphql/parameters.ts'
import type { AuditEntry } from '../../../src/http/operations/audit.ts'
import type { ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import { times } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import type { Gate } from '../../support/gate.ts'
import { openGate } from '../../support/gate.ts'
import { until } from '../../support/until.ts'

/** A query that waits at the gate. */
const slow = '{ calls { nodes { id } } }'

let own: TestDatabase
let reader: Database

beforeAll(async () => {
  own = await cloneDatabase('V2')
  reader = openReader(own.url)
})
afterAll(async () => {
  await reader.close()
  await own[Symbol.asyncDispose]()
})

interface Reply {
  readonly status: number
  readonly retryAfter: string | null
  readonly code: string | undefined
  readonly setting: string | undefined
}

interface Asked {
  readonly reply: Promise<Reply | 'left'>
  leave(): void
}

interface Busy {
  readonly url: string
  readonly gate: Gate
  ask(query: string, caller?: string, method?: 'GET' | 'POST'): Asked
}

/** Accepts the Authorization header as the name of the caller. */
const trustName: Authenticate = async (name) => ({ ...anonymousPrincipal, id: name ?? 'anybody' })

async function busy(limits: Partial<Limits>, options: ClientOptions = {}): Promise<Busy> {
  const gate = openGate(reader)
  const client = untilTestEnds(await openClient(gate.database, { authenticate: trustName, limits, ...options }))
  return { url: client.url, gate, ask: (...given) => ask(client.url, ...given) }
}

function ask(url: string, query: string, caller = 'anybody', method: 'GET' | 'POST' = 'POST'): Asked {
  const leaving = new AbortController()
  const body = method === 'POST' ? { body: JSON.stringify({ query }) } : {}
  const answer = fetch(`${url}/graphql${method === 'GET' ? `?query=${encodeURIComponent(query)}` : ''}`, {
    method,
    headers: { 'content-type': 'application/json', accept: 'application/json', authorization: caller },
    signal: leaving.signal,
    ...body,
  })
  const reply = answer.then(read).catch((error: unknown) => {
    if (leaving.signal.aborted) return 'left' as const
    throw error
  })
  return { reply, leave: () => leaving.abort() }
}

async function read(response: Response): Promise<Reply> {
  const { errors }: { errors?: { extensions: { code: string; setting?: string } }[] } = JSON.parse(
    await response.text(),
  )
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    code: errors?.[0]?.extensions.code,
    setting: errors?.[0]?.extensions.setting,
  }
}

const answered = { status: 200, retryAfter: null, code: undefined, setting: undefined }
const overloaded = { status: 503, retryAfter: '2', code: 'UNAVAILABLE', setting: undefined }
const tooMany = { status: 429, retryAfter: '1', code: 'RATE_LIMITED', setting: 'LIMIT_CONCURRENT_PER_CALLER' }

/** The first `count` replies. */
async function first(count: number, asked: readonly Asked[]): Promise<(Reply | 'left')[]> {
  const replies: (Reply | 'left')[] = []
  for (const { reply } of asked) reply.then((one) => replies.push(one)).catch(() => undefined)
  await until(`there are ${count} replies`, () => replies.length >= count)
  return [...replies]
}

/** Opens the gate repeatedly until all requests are answered. */
async function answersOf(asked: readonly Asked[], gate: Gate): Promise<(Reply | 'left')[]> {
  const all = Promise.all(asked.map(({ reply }) => reply))
  let done = false
  all.then(() => {
    done = true
  })
  await until('all are answered', () => {
    gate.release()
    return done
  })
  return all
}

describe('Operations beyond LIMIT_CONCURRENT', () => {
  it('wait in a queue, and are rejected at once beyond LIMIT_QUEUE', async () => {
    const { gate, ask } = await busy({ concurrent: 2, queue: 3, queueMs: 60_000 })
    const asked = Array.from({ length: 9 }, () => ask(slow))
    // No operation has passed the gate yet.
    expect(await first(4, asked)).toEqual(Array.from({ length: 4 }, () => overloaded))
    expect((await answersOf(asked, gate)).filter((reply) => reply !== 'left' && reply.status === 200)).toHaveLength(5)
    expect(gate.most).toBe(2)
  })

  it('are rejected after LIMIT_QUEUE_MS in the queue', async () => {
    const { gate, ask } = await busy({ concurrent: 1, queue: 5, queueMs: 50 })
    const running = ask(slow)
    await until('one runs', () => gate.waiting === 1)
    expect(await ask(slow).reply).toEqual(overloaded)
    gate.release()
    expect(await running.reply).toEqual(answered)
  })

  it('of one caller are rejected beyond LIMIT_CONCURRENT_PER_CALLER, and those of others are answered', async () => {
    const { gate, ask } = await busy({ concurrent: 10, concurrentPerCaller: 2 })
    for (let round = 0; round < 3; round++) {
      const asked = Array.from({ length: 5 }, () => ask(slow, 'greedy'))
      expect(await first(3, asked)).toEqual([tooMany, tooMany, tooMany])
      expect(await ask('{ viewer { name } }', 'modest').reply).toEqual(answered)
      gate.release()
      const replies = await Promise.all(asked.map(({ reply }) => reply))
      expect(replies.filter((reply) => reply !== 'left' && reply.status === 200)).toHaveLength(2)
    }
  })

  it('of a few callers leave a quarter of the places to new callers, and take turns for the rest', async () => {
    const { gate, ask } = await busy({
      concurrent: 8,
      concurrentPerCaller: 4,
      queue: 4,
      queueMs: 60_000,
      scansPerCaller: 4,
    })
    const asked = ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'].map((caller) => ask(slow, caller))
    await until('six run', () => gate.waiting === 6)
    for (let round = 0; round < 3; round++) {
      // One of them is next; the others get a place when it has finished.
      const several = Array.from({ length: 3 }, () => ask('{ viewer { name } }', 'modest').reply)
      expect(await Promise.all(several)).toEqual([answered, answered, answered])
      expect(gate.waiting).toBe(6)
    }
    const more = ['c', 'd'].map((caller) => ask(slow, caller))
    await until('eight run', () => gate.waiting === 8)
    expect(await answersOf([...asked, ...more], gate)).toEqual(Array.from({ length: 10 }, () => answered))
    expect(gate.most).toBe(8)
  })

  it('are rejected before their documents are parsed, with a line in the audit log', async () => {
    const outcomes: (readonly string[])[] = []
    const audit = ({ outcome }: AuditEntry) => outcomes.push(outcome)
    const { gate, ask } = await busy({ concurrent: 2, concurrentPerCaller: 1, queue: 1, queueMs: 50 }, { audit })
    const running = [ask(slow, 'one'), ask(slow, 'two')]
    await until('two run', () => gate.waiting === 2)
    expect(await ask('{ no document', 'one').reply).toEqual(tooMany)
    expect(await ask('{ no document', 'three').reply).toEqual(overloaded)
    expect(outcomes).toEqual([['RATE_LIMITED'], ['UNAVAILABLE']])
    gate.release()
    for (const { reply } of running) expect(await reply).toEqual(answered)
    // Rejected documents free their places.
    for (let time = 0; time < 5; time++) {
      expect(await ask('{ no document', 'one').reply).toMatchObject({ status: 200, code: 'GRAPHQL_PARSE_FAILED' })
      expect(await ask('{ nothing }', 'one').reply).toMatchObject({ status: 200, code: 'GRAPHQL_VALIDATION_FAILED' })
      expect(await ask('', 'one').reply).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' })
    }
    expect(await ask('{ viewer { name } }', 'one').reply).toEqual(answered)
  })

  it('count towards the limit of their caller while they wait, so that one caller cannot fill the queue', async () => {
    const { gate, ask } = await busy({ concurrent: 1, queue: 10, queueMs: 60_000, concurrentPerCaller: 3 })
    const holder = ask(slow, 'holder')
    await until('one runs', () => gate.waiting === 1)
    const asked = Array.from({ length: 5 }, () => ask(slow, 'greedy'))
    expect(await first(2, asked)).toEqual([tooMany, tooMany])
    for (const { leave } of [holder, ...asked]) leave()
    await until('nothing runs', () => gate.waiting === 0)
  })
})

describe('An admission slot', () => {
  it(
    'is freed however its operation ended, also if the client disconnects while it runs or waits',
    async () => {
      const limits = { concurrent: 3, queue: 4, queueMs: 60_000, concurrentPerCaller: 5 }
      const { gate, ask } = await busy(limits)
      const deeds: Readonly<Record<string, (asked: readonly Asked[]) => void>> = {
        wait: () => undefined,
        leave: (asked) => asked[Math.floor(asked.length / 2)]?.leave(),
        release: () => gate.release(),
      }
      const isIdle = async (asked: readonly Asked[]) => {
        for (const { leave } of asked) leave()
        await Promise.all(asked.map(({ reply }) => reply))
        await until('nothing runs', () => gate.waiting === 0)
      }
      /** Whether three of ten requests run and four wait. Requests of disconnected clients may still be ending. */
      const isWhole = async () => {
        const asked = ['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b', 'b'].map((caller) => ask(slow, caller))
        let settled = 0
        for (const { reply } of asked) void reply.then(() => settled++)
        await first(3, asked)
        // If more are rejected, disconnected clients still occupy slots.
        await until('three run', () => gate.waiting === limits.concurrent || settled > 3)
        const isAll = gate.waiting === limits.concurrent && settled === 3
        await isIdle(asked)
        return isAll
      }
      const step = fc.record({
        caller: fc.constantFrom('a', 'b'),
        deed: fc.constantFrom(...Object.keys(deeds)),
        hurried: fc.boolean(),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
          const asked: Asked[] = []
          for (const { caller, deed, hurried } of steps) {
            asked.push(ask(slow, caller))
            if (!hurried) await new Promise((resolve) => setTimeout(resolve, 1))
            deeds[deed]?.(asked)
          }
          await isIdle(asked)
          await until('all places are there', isWhole)
        }),
        { numRuns: times(300, 15), endOnFailure: true },
      )
      expect(gate.most).toBe(limits.concurrent)
    },
    times(600_000, 60_000),
  )

  it('is not occupied by a client that has disconnected before its turn', async () => {
    let arrived = 0
    let letIn: (() => void) | undefined
    const door = new Promise<void>((resolve) => {
      letIn = resolve
    })
    const authenticate: Authenticate = async (name) => {
      arrived++
      if (name === 'early') await door
      return trustName(name)
    }
    const { gate, ask } = await busy({ concurrent: 1, queue: 0 }, { authenticate })
    const leaving = [ask(slow, 'early', 'GET'), ask(slow, 'early', 'POST')]
    await until('they have come', () => arrived === 2)
    for (const { leave } of leaving) leave()
    // Answered on another connection after both have disconnected.
    expect(await ask('{ viewer { name } }').reply).toEqual(answered)
    letIn?.()
    expect(await ask('{ viewer { name } }').reply).toEqual(answered)
    expect(gate.waiting).toBe(0)
    const next = ask(slow)
    await until('the next one runs', () => gate.waiting === 1)
    gate.release()
    expect(await next.reply).toEqual(answered)
  })
})

describe('A request body', () => {
  /** A request whose body has two bytes, of which `sent` have been received. */
  const received = async (sent: string): Promise<{ request: IncomingMessage; socket: Socket }> => {
    let arrived: ((request: IncomingMessage) => void) | undefined
    const arrival = new Promise<IncomingMessage>((resolve) => {
      arrived = resolve
    })
    const server = untilTestEnds(createServer((request) => arrived?.(request)).listen(0, '127.0.0.1'))
    await once(server, 'listening')
    const address = server.address()
    const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n')
    socket.write(sent)
    const request = await arrival
    await until('it is received', () => request.readableLength === sent.length)
    return { request, socket }
  }
  const url = new URL('http://x/graphql')

  it('is not awaited after its connection is closed', async () => {
    const { request, socket } = await received('{}')
    socket.destroy()
    await until('the request is destroyed', () => request.destroyed)
    await expect(readParameters(request, url, 100)).rejects.toMatchObject({ status: 400 })
  })

  it('is awaited if a part of it has been received', async () => {
    const { request, socket } = await received('{')
    const parameters = readParameters(request, url, 100)
    socket.end('}')
    expect(await parameters).toMatchObject({ method: 'POST', bytes: 2 })
  })

  it('is read at once if all of it has been received', async () => {
    const { request } = await received('{}')
    expect(readParameters(request, url, 100)).toMatchObject({ method: 'POST', bytes: 2 })
  })
})

describe('A statement', () => {
  /** Locks the table, so that every statement that reads it waits on the server. */
  async function locked() {
    const client = untilTestEnds(await openClient(reader, { limits: { operationMs: 30_000 } }))
    const hurried = untilTestEnds(await openClient(reader, { limits: { operationMs: 100 } }))
    const holder = new pg.Client(own.url)
    await holder.connect()
    untilTestEnds({ [Symbol.asyncDispose]: () => holder.end() })
    await holder.query('BEGIN; LOCK TABLE sipcalls IN ACCESS EXCLUSIVE MODE')
    return { client, hurried }
  }

  const waiting = async () => {
    const [[count] = []] = await own.sql(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'sipis-gateway test' AND wait_event_type = 'Lock'`)
    return Number(count)
  }

  it('is cancelled on the server within a second after its client has disconnected', async () => {
    const { client } = await locked()
    const asked = ask(client.url, slow)
    await until('it waits on the server', async () => (await waiting()) === 1)
    asked.leave()
    // Its own time limits are thirty seconds. A busy machine may take longer than one second.
    await until('it is gone', async () => (await waiting()) === 0, 5_000)
    expect(await asked.reply).toBe('left')
    expect(client.log).toEqual([])
  })

  it('is cancelled on the server after LIMIT_OPERATION_MS, with an error to the client', async () => {
    const { hurried } = await locked()
    expect(await ask(hurried.url, slow).reply).toEqual({ ...answered, code: 'TIMEOUT' })
    await until('it is gone', async () => (await waiting()) === 0, 5_000)
  })
})

describe('Slow clients', () => {
  it('that send their body byte by byte do not delay others', async () => {
    const { url, ask } = await busy({ concurrent: 1, queue: 0 })
    const { port } = new URL(url)
    const head = `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n`
    const dawdlers = Array.from({ length: 100 }, () => connect(Number(port), '127.0.0.1'))
    await Promise.all(dawdlers.map((socket) => once(socket, 'connect')))
    for (const socket of dawdlers) {
      socket.on('error', () => undefined)
      socket.write(`${head}{"query`)
    }
    for (let round = 0; round < 20; round++) {
      for (const socket of dawdlers) socket.write(' ')
      expect(await ask('{ viewer { name } }').reply).toEqual(answered)
    }
    for (const socket of dawdlers) socket.destroy()
  })

  it('that only connect occupy at most LIMIT_CONNECTIONS', async () => {
    const { url } = await busy({ connections: 5 })
    const sockets = Array.from({ length: 9 }, () => connect(Number(new URL(url).port), '127.0.0.1'))
    let closed = 0
    for (const socket of sockets) {
      socket.on('error', () => undefined)
      socket.once('close', () => {
        closed++
      })
    }
    await until('four are closed', () => closed === 4)
    for (const socket of sockets) socket.destroy()
  })
})
