/** Servers that listen, but are not a working PostgreSQL. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { TLSSocket } from 'node:tls'
import { privateKey } from './certificates.ts'

export interface OtherServer extends AsyncDisposable {
  readonly port: number
}

async function listening(server: Server): Promise<OtherServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const httpServer = () => listening(createHttpServer((_, response) => response.end('hello')))

/** Accepts connections, and handles them with a function. */
export const socketServer = (behave: (socket: Socket) => void) => listening(createServer(behave))

const message = (code: string, body: Buffer | string = '') => {
  const bytes = Buffer.from(body)
  const head = Buffer.alloc(5)
  head.write(code)
  head.writeInt32BE(bytes.length + 4, 1)
  return Buffer.concat([head, bytes])
}

const authenticated = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', 'I')])
const gssapi = message('R', Buffer.from([0, 0, 0, 7]))

/** Refuses TLS, and answers the start-up message with these bytes. */
function refusingTls(answer: Buffer): (socket: Socket) => void {
  return (socket) =>
    void socket.on('data', (bytes: Buffer) =>
      socket.write(bytes.length === 8 ? 'N' : socket.bytesRead < 200 ? answer : ''),
    )
}

export const behaviours = {
  'accepts and does not answer': () => undefined,
  'closes at once': (socket: Socket) => socket.end(),
  'resets at once': (socket: Socket) => socket.resetAndDestroy(),
  'is an SSH server': (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
  'sends garbage': (socket: Socket) => socket.write(Buffer.from('00ff45000000086162636400ff', 'hex')),
  'sends an unterminated error': refusingTls(message('E', 'abcd')),
  'sends an unknown message': refusingTls(message('~', 'abcd')),
  'requests GSSAPI': refusingTls(gssapi),
  'authenticates and then does not answer': refusingTls(authenticated),
  'accepts TLS and sends garbage': (socket: Socket) =>
    socket.once('data', () => socket.write('S')).once('data', () => setImmediate(() => socket.write('garbage'))),
} satisfies Readonly<Record<string, (socket: Socket) => void>>

/** Accepts TLS with a certificate for db.example, and requests an authentication method that the driver does not support. */
export function tlsServer(cert: string): Promise<OtherServer> {
  return socketServer((socket) => {
    socket.once('data', () => {
      socket.write('S')
      const secure = new TLSSocket(socket, { isServer: true, cert, key: privateKey })
      secure.on('error', () => undefined).once('data', () => secure.write(gssapi))
    })
  })
}
