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
const shutDown = message('E', 'SFATAL\0VFATAL\0C57P01\0Mthe server is shut down\0\0')

/** Codes of the first message of a client. */
const codes = { tls: 80_877_103, cancel: 80_877_102, start: 196_608 }
const codeOf = (bytes: Buffer) => (bytes.length < 8 ? undefined : bytes.readUInt32BE(4))

/** A fake server with the bytes that it has received. */
interface FakeServer {
  readonly server: Server
  readonly sockets: Socket[]
  readonly received: Buffer[]
}

/** Starts a fake server that answers the TLS request with `tls`, and every start-up message with `answer`. */
async function fakeServer(
  answer: Buffer,
  tls: 'N' | 'S' | 'X' = 'N',
  address: { path: string } | { port: 0 } = { port: 0 },
) {
  const sockets: Socket[] = []
  const received: Buffer[] = []
  const talk = (socket: Socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      received.push(bytes)
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
  return { server, sockets, received } satisfies FakeServer
}

function clientOf({ server }: FakeServer, config: ConnectionConfig = {}): Client {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const client = new Client({ host: '127.0.0.1', port: address.port, user: 'u', database: 'd', ...config })
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
    const server = await fakeServer(greeting)
    const client = clientOf(server)
    expect(await client.connect()).toBe(client)
    const other = clientOf(server)
    expect(await new Promise((resolve) => other.connect(resolve))).toBeNull()
    await new Promise<void>((resolve) => other.end(resolve))
    await client.end()
    expect(server.received.filter((bytes) => bytes.equals(message('X')))).toHaveLength(2)
  })

  it('connects without TLS if it is optional and the server refuses it', async () => {
    const server = await fakeServer(greeting)
    expect(await outcome(clientOf(server, optionalTls).connect())).toBe('connected')
    expect(server.received.map(codeOf)).toEqual([codes.tls, codes.start])
  })

  it('fails if the server refuses TLS that is not optional', async () => {
    const client = clientOf(await fakeServer(greeting), { ...optionalTls, tlsIsOptional: false })
    expect(await outcome(client.connect())).toBe('The server does not support SSL connections')
    const unsaid = clientOf(await fakeServer(greeting), { ssl: true })
    expect(await outcome(unsaid.connect())).toBe('The server does not support SSL connections')
  })

  it('uses TLS if the server offers it', async () => {
    const client = clientOf(await fakeServer(greeting, 'S'), optionalTls)
    expect(await outcome(client.connect())).toBe('connected')
    expect(client.connection.stream).toBeInstanceOf(TLSSocket)
  })

  it('fails if the server answers the TLS request with an invalid byte', async () => {
    expect(await outcome(clientOf(await fakeServer(greeting, 'X'), optionalTls).connect())).toMatch(
      /establishing an SSL/,
    )
  })

  it('does not request TLS if it is disabled', async () => {
    const server = await fakeServer(greeting, 'X')
    expect(await outcome(clientOf(server, { ssl: false, tlsIsOptional: true }).connect())).toBe('connected')
    expect(server.received).toHaveLength(1)
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
    ['an error without a final zero byte', message('E', 'Mab\0c'), invalid],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), invalid],
  ])(
    'reports the first message of a server if it is invalid: %s',
    async (_, bytes, said) => {
      const server = await fakeServer(bytes)
      const client = clientOf(server)
      const work = outcome(client.connect())
      while (server.received.length === 0) await new Promise((resolve) => setImmediate(resolve))
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

  it('closes the connection if the server later sends bytes that the driver cannot parse', async () => {
    const server = await fakeServer(greeting)
    const client = clientOf(server)
    await client.connect()
    const failed = outcome(client.query('SELECT 1'))
    server.sockets[0]?.write(message('D', Buffer.from('0005', 'hex')))
    server.sockets[0]?.write(message('C', 'SELECT 1\0'))
    expect(await failed).not.toBe('connected')
    expect(client.connection.stream.destroyed).toBe(true)
  })

  it('does not end the process if the server ends the session with the answer that begins it', async () => {
    const client = clientOf(await fakeServer(Buffer.concat([greeting, shutDown])))
    expect(await outcome(client.connect())).toBe('connected')
    expect(await outcome(client.query('SELECT 1'))).toMatch(/not queryable/)
  })

  it('gives up on a server that does not answer in time, and closes its connection', async () => {
    const client = clientOf(await fakeServer(Buffer.alloc(0)), { connectTimeoutMs: 20 })
    expect(await outcome(client.connect())).toBe('timeout: no answer in 20 ms')
    expect(client.connection.stream.destroyed).toBe(true)
  })

  it('is not closed later by the time limits of connecting and answering', async () => {
    const client = clientOf(await fakeServer(greeting), { connectTimeoutMs: 200 })
    await client.connect()
    expect(await answerWithin(client, 5, Promise.resolve('answer'))).toBe('answer')
    await expect(answerWithin(client, 5, Promise.reject(new Error('no')))).rejects.toThrow('no')
    await new Promise((resolve) => setTimeout(resolve, 210))
    expect(client.connection.stream.destroyed).toBe(false)
  })

  it('leaves no timer behind after it has ended', async () => {
    const client = clientOf(await fakeServer(greeting))
    await client.connect()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await client.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends Terminate on end, and destroys the connection if the server does not close it within 5 seconds', async () => {
    const server = await fakeServer(greeting)
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

describe('A connection whose session cannot be prepared', () => {
  const connection = ({ server }: FakeServer) => {
    const address = server.address()
    return { host: '127.0.0.1', port: typeof address === 'object' && address !== null ? address.port : 0, user: 'u' }
  }
  const limits = { timeoutMs: 5_000, maxInFlight: 1, maxWaiting: 1, preparedStatements: true }
  const statement = { text: 'SELECT 1', values: [], lookUp: { lane: 'x' } }
  it.each([
    ['that writes', (server: FakeServer) => openWriter({ ...connection(server), database: 'd' }, 'writer')],
    [
      'of a lane',
      (server: FakeServer) =>
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
  ])('%s reports the error, and is closed', async (_, open) => {
    const server = await fakeServer(greeting)
    server.server.on('connection', (socket) => {
      socket.on('data', ([code]) => {
        if (code === 'Q'.charCodeAt(0)) {
          socket.write(Buffer.concat([message('E', 'SERROR\0C42501\0Mnot for you\0\0'), message('Z', 'I')]))
        }
      })
    })
    const failed = open(server)
    await expect(failed).rejects.toMatchObject({ code: '42501', message: 'not for you' })
    await vi.waitFor(() => expect(server.received.filter((bytes) => bytes.equals(message('X')))).toHaveLength(1))
  })
})

describe('Cancelling a statement', () => {
  afterEach(() => void vi.useRealTimers())
  /** The code of the request, then the process id and secret key of the session. */
  const request = Buffer.concat([Buffer.from('0000001004d2162e', 'hex'), key])

  it('sends the process id and secret key of the session on a second connection', async () => {
    const server = await fakeServer(greeting)
    const client = clientOf(server)
    await client.connect()
    await cancelStatement(client, false)
    expect(server.received.at(-1)).toEqual(request)
    expect(server.sockets).toHaveLength(2)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await cancelStatement(client, false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('uses TLS if the first connection does', async () => {
    const server = await fakeServer(greeting, 'S')
    const client = clientOf(server, optionalTls)
    await client.connect()
    await cancelStatement(client, { rejectUnauthorized: false })
    expect(server.received.at(-1)).toEqual(request)
    expect(server.received.filter((bytes) => codeOf(bytes) === codes.tls)).toHaveLength(2)
  })

  it('uses the same socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-socket-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const server = await fakeServer(greeting, 'N', { path: join(folder, '.s.PGSQL.5433') })
    const client = new Client({ host: folder, port: 5433, user: 'u', database: 'd' })
    await client.connect()
    await cancelStatement(client, false)
    expect(server.received.at(-1)).toEqual(request)
  })

  it('sends nothing for a session without a process id or secret key', async () => {
    const server = await fakeServer(Buffer.concat([message('R', Buffer.alloc(4)), message('Z', 'I')]))
    const client = clientOf(server)
    await client.connect()
    await cancelStatement(client, false)
    expect(server.sockets).toHaveLength(1)
  })

  it('does not fail if the server breaks the second connection', async () => {
    const server = await fakeServer(greeting)
    const client = clientOf(server)
    await client.connect()
    server.server.on('connection', (socket) => void socket.once('data', () => socket.resetAndDestroy()))
    await cancelStatement(client, false)
    expect(server.sockets).toHaveLength(2)
  })

  it('does not fail if the server no longer listens', async () => {
    const server = await fakeServer(greeting)
    const client = clientOf(server)
    await client.connect()
    server.server.close()
    await cancelStatement(client, false)
  })

  it('takes at most 2 seconds', async () => {
    const server = await fakeServer(greeting)
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
