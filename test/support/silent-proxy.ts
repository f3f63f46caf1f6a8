/** A TCP proxy that can fall silent: it takes what is sent, passes nothing on, and closes nothing. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'

export interface SilentProxy extends AsyncDisposable {
  /** The URL that was given, by way of the proxy. */
  readonly url: string
  silence(): void
  /** Passes on again, on new connections. Those that were silent are destroyed. */
  resume(): void
}

export async function openSilentProxy(target: string): Promise<SilentProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isSilent = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((socket) => {
    keep(socket)
    if (isSilent) return void socket.resume()
    const onward = keep(connect(Number(port), hostname))
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.on('data', (bytes) => {
        if (!isSilent) to.write(bytes)
      })
      from.once('close', () => {
        if (!isSilent) to.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(target)
  url.port = String(typeof address === 'object' ? address?.port : '')
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    silence() {
      isSilent = true
    },
    resume() {
      isSilent = false
      destroyAll()
    },
    async [Symbol.asyncDispose]() {
      destroyAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
