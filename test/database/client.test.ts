import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { cancelStatement } from '../../src/database/cancel.ts'
import type { ConnectionConfig } from '../../src/database/client.ts'
import { answerWithin, Client } from '../../src/database/client.ts'
import { openLanes } from '../../src/database/lanes.ts'
import { createReconnectGate } from '../../src/database/reconnect.ts'
import { openWriter } from '../../src/tools/writer.ts'
import { certificate, privateKey } from '../support/certificates.ts'

const message = (code: string, body: Buffer | string = '', length = Buffer.byteLength(body) + 4) => {
  const head = Buffer.alloc(5)
  head.write(code)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, Buffer.from(body)])
}
const key = Buffer.from('0000004d00000058', 'hex')
const greeting = Buffer.concat([message('R', Buffer.alloc(4)), message('K', key), message('Z', 'I')])

/** What a client sends first. */
const codes = { tls: 80_877_103, cancel: 80_877_102, start: 196_608 }
const codeOf = (bytes: Buffer) => (bytes.length < 8 ? undefined : bytes.readUInt32BE(4))

/** What a server that only says what it is given has been sent, and by whom. */
interface Pretended {
  readonly server: Server
  readonly sockets: Socket[]
  readonly heard: Buffer[]
}

/** Answers the wish for TLS as it is told, and every start-up message with these bytes. */
async function pretend(
  answer: Buffer,
  tls: 'N' | 'S' | 'X' = 'N',
  address: { path: string } | { port: 0 } = { port: 0 },
) {
  const sockets: Socket[] = []
  const heard: Buffer[] = []
  const talk = (socket: Socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      heard.push(bytes)
      const code = codeOf(bytes)
      if (code === codes.cancel) socket.end()
      if (code === codes.start) socket.write(answer)
      if (code !== codes.tls) return
      socket.write(tls)
      socket.removeAllListeners('data')
      talk(tls === 'S' ? new TLSSocket(socket, { isServer: true, cert: certificate, key: privateKey }) : socket)
    })
  }
  const server = createServer((socket) => {
    sockets.push(socket)
    talk(socket)
  })
  await once(server.listen({ ...address, ...('port' in address ? { host: '127.0.0.1' } : {}) }), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, sockets, heard } satisfies Pretended
}

function clientOf({ server }: Pretended, config: ConnectionConfig = {}): Client {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const client = new Client({ host: '127.0.0.1', port: address.port, user: 'u', database: 'd', ...config })
  client.on('error', () => undefined)
  onTestFinished(() => void client.connection.stream.destroy())
  return client
}

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'connected',
    (error: Error) => error.message,
  )
const optionalTls: ConnectionConfig = { ssl: { rejectUnauthorized: false }, tlsIsOptional: true }

describe('A client', () => {
  afterEach(() => void vi.useRealTimers())

  it('connects, with a promise or a callback', async () => {
    const server = await pretend(greeting)
    const client = clientOf(server)
    expect(await client.connect()).toBe(client)
    const other = clientOf(server)
    expect(await new Promise((resolve) => other.connect(resolve))).toBeNull()
    await new Promise<void>((resolve) => other.end(resolve))
    await client.end()
    expect(server.heard.filter((bytes) => bytes.equals(message('X')))).toHaveLength(2)
  })

  it('goes on without TLS where that is optional and refused', async () => {
    const server = await pretend(greeting)
    expect(await outcome(clientOf(server, optionalTls).connect())).toBe('connected')
    expect(server.heard.map(codeOf)).toEqual([codes.tls, codes.start])
  })

  it('fails where TLS is refused but not optional', async () => {
    const client = clientOf(await pretend(greeting), { ...optionalTls, tlsIsOptional: false })
    expect(await outcome(client.connect())).toBe('The server does not support SSL connections')
    const unsaid = clientOf(await pretend(greeting), { ssl: true })
    expect(await outcome(unsaid.connect())).toBe('The server does not support SSL connections')
  })

  it('takes TLS where it is offered', async () => {
    const client = clientOf(await pretend(greeting, 'S'), optionalTls)
    expect(await outcome(client.connect())).toBe('connected')
    expect(client.connection.stream).toBeInstanceOf(TLSSocket)
  })

  it('fails where the server answers the wish for TLS with something else', async () => {
    expect(await outcome(clientOf(await pretend(greeting, 'X'), optionalTls).connect())).toMatch(/establishing an SSL/)
  })

  it('does not ask for TLS where there shall be none', async () => {
    const server = await pretend(greeting, 'X')
    expect(await outcome(clientOf(server, { ssl: false, tlsIsOptional: true }).connect())).toBe('connected')
    expect(server.heard).toHaveLength(1)
  })

  const invalid = 'received invalid response'
  const ended = 'Connection terminated unexpectedly'
  it.each([
    ['an authentication request', greeting, 'connected'],
    ['an error', message('E', 'Mit says no\0\0'), 'it says no'],
    ['a notice and then an authentication request', Buffer.concat([message('N', 'Mhello\0\0'), greeting]), 'connected'],
    ['fewer bytes than a head', Buffer.from('E\0\0\0'), ended],
    ['an error of the shortest length', message('E', 'Ma\0\0', 8), 'a'],
    ['a notice that is one byte too short', message('N', '\0\0\0'), invalid],
    ['a part of a long notice', message('N', 'Mlong', 30_000), ended],
    ['a part of a longer notice than there is', message('N', 'Mlong', 30_001), invalid],
    ['an unknown message', message('~', 'ab\0\0'), invalid],
    ['an error with one zero at its end', message('E', 'Mabc\0'), invalid],
    ['an error whose last byte is no zero', message('E', 'Mab\0c'), invalid],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), invalid],
  ])(
    'that is greeted by %s reports it',
    async (_, bytes, said) => {
      const server = await pretend(bytes)
      const client = clientOf(server)
      const work = outcome(client.connect())
      while (server.heard.length === 0) await new Promise((resolve) => setImmediate(resolve))
      if (said === ended) server.sockets[0]?.end()
      expect(await work).toBe(said)
      if (said === 'connected' || said === ended) return
      expect(client.connection.stream.destroyed).toBe(true)
      const { promise, resolve } = Promise.withResolvers<Error | null>()
      clientOf(server).connect(resolve)
      expect((await promise)?.message).toBe(said)
    },
    3_000,
  )

  it('ends when the server later sends what the driver cannot read', async () => {
    const server = await pretend(greeting)
    const client = clientOf(server)
    await client.connect()
    const failed = outcome(client.query('SELECT 1'))
    server.sockets[0]?.write(message('D', Buffer.from('0005', 'hex')))
    server.sockets[0]?.write(message('C', 'SELECT 1\0'))
    expect(await failed).not.toBe('connected')
    expect(client.connection.stream.destroyed).toBe(true)
  })

  it('gives up a server that does not answer in time, and closes its connection', async () => {
    const client = clientOf(await pretend(Buffer.alloc(0)), { connectTimeoutMs: 20 })
    expect(await outcome(client.connect())).toBe('timeout: no answer in 20 ms')
    expect(client.connection.stream.destroyed).toBe(true)
  })

  it('is not ended later by the time that it had to connect, or to answer', async () => {
    const client = clientOf(await pretend(greeting), { connectTimeoutMs: 200 })
    await client.connect()
    expect(await answerWithin(client, 5, Promise.resolve('answer'))).toBe('answer')
    await expect(answerWithin(client, 5, Promise.reject(new Error('no')))).rejects.toThrow('no')
    await new Promise((resolve) => setTimeout(resolve, 210))
    expect(client.connection.stream.destroyed).toBe(false)
  })

  it('that has said goodbye leaves no timer behind', async () => {
    const client = clientOf(await pretend(greeting))
    await client.connect()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await client.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('says goodbye, and waits 5 seconds for a server that does not hear it', async () => {
    const server = await pretend(greeting)
    const client = clientOf(server)
    await client.connect()
    server.sockets[0]?.pause()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let hasEnded = false
    const end = client.end().then(() => {
      hasEnded = true
    })
    vi.advanceTimersByTime(4_999)
    await new Promise((resolve) => setImmediate(resolve))
    expect(hasEnded).toBe(false)
    vi.advanceTimersByTime(1)
    await end
  })
})

describe('A connection whose session cannot be set up', () => {
  const connection = ({ server }: Pretended) => {
    const address = server.address()
    return { host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0, user: 'u' }
  }
  const limits = { timeoutMs: 5_000, maxInFlight: 1, maxWaiting: 1, preparedStatements: true }
  const statement = { text: 'SELECT 1', values: [], lookUp: { lane: 'x' } }
  it.each([
    ['that writes', (server: Pretended) => openWriter({ ...connection(server), database: 'd' }, 'writer')],
    [
      'of a lane',
      (server: Pretended) =>
        openLanes({
          connection: { ...connection(server), database: 'd' },
          connectTimeoutMs: 5_000,
          applicationName: 'lane',
          observe: () => undefined,
          gate: createReconnectGate(),
          onSilent: () => undefined,
          ...limits,
        }).run(statement, undefined),
    ],
  ])('%s is said to be refused, and is closed', async (_, open) => {
    const server = await pretend(greeting)
    server.server.on('connection', (socket) => {
      socket.on('data', ([code]) => {
        if (code === 'Q'.charCodeAt(0)) {
          socket.write(Buffer.concat([message('E', 'SERROR\0C42501\0Mnot for you\0\0'), message('Z', 'I')]))
        }
      })
    })
    const failed = open(server)
    await expect(failed).rejects.toMatchObject({ code: '42501', message: 'not for you' })
    await vi.waitFor(() => expect(server.heard.filter((bytes) => bytes.equals(message('X')))).toHaveLength(1))
  })
})

describe('To cancel a statement', () => {
  afterEach(() => void vi.useRealTimers())
  /** The code of the request, and the number and key of the session. */
  const request = Buffer.concat([Buffer.from('0000001004d2162e', 'hex'), key])

  it('a second connection carries the number and key of the session', async () => {
    const server = await pretend(greeting)
    const client = clientOf(server)
    await client.connect()
    await cancelStatement(client, false)
    expect(server.heard.at(-1)).toEqual(request)
    expect(server.sockets).toHaveLength(2)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await cancelStatement(client, false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('it is encrypted where the first one is', async () => {
    const server = await pretend(greeting, 'S')
    const client = clientOf(server, optionalTls)
    await client.connect()
    await cancelStatement(client, { rejectUnauthorized: false })
    expect(server.heard.at(-1)).toEqual(request)
    expect(server.heard.filter((bytes) => codeOf(bytes) === codes.tls)).toHaveLength(2)
  })

  it('it is made over the same socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-socket-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const server = await pretend(greeting, 'N', { path: join(folder, '.s.PGSQL.5433') })
    const client = new Client({ host: folder, port: 5433, user: 'u', database: 'd' })
    client.on('error', () => undefined)
    await client.connect()
    await cancelStatement(client, false)
    expect(server.heard.at(-1)).toEqual(request)
  })

  it('nothing is sent for a session that has no number or key', async () => {
    const server = await pretend(Buffer.concat([message('R', Buffer.alloc(4)), message('Z', 'I')]))
    const client = clientOf(server)
    await client.connect()
    await cancelStatement(client, false)
    expect(server.sockets).toHaveLength(1)
  })

  it('fails silently where the server breaks the second connection', async () => {
    const server = await pretend(greeting)
    const client = clientOf(server)
    await client.connect()
    server.server.on('connection', (socket) => void socket.once('data', () => socket.resetAndDestroy()))
    await cancelStatement(client, false)
    expect(server.sockets).toHaveLength(2)
  })

  it('fails silently where nothing listens any more', async () => {
    const server = await pretend(greeting)
    const client = clientOf(server)
    await client.connect()
    server.server.close()
    await cancelStatement(client, false)
  })

  it('takes at most 2 seconds', async () => {
    const server = await pretend(greeting)
    const client = clientOf(server)
    await client.connect()
    server.server.on('connection', (socket) => socket.pause())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let hasEnded = false
    const cancelling = cancelStatement(client, false).then(() => {
      hasEnded = true
    })
    while (server.sockets.length < 2) await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(1_999)
    await new Promise((resolve) => setImmediate(resolve))
    expect(hasEnded).toBe(false)
    vi.advanceTimersByTime(1)
    await cancelling
  })
})
