/** The connections of a server, tracked so that it can stop without cutting off a request. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Server as NetServer } from 'node:net'

interface State {
  /** Requests that have no whole answer yet. */
  running: Set<ServerResponse>
  idleSince: number
  /** Received until then. More is the beginning of a request. */
  idleBytes: number
}

export interface Connections {
  /** From now on every answer ends its connection. */
  drain(): void
  /** Ends the connections on which nothing has happened for `ms` milliseconds. */
  endIdle(ms: number): void
  /** Ends all connections at once, also those that have become WebSockets. */
  destroy(): void
  /** Stops to accept. Resolves when the last connection has ended. */
  close(): Promise<void>
  /** Number of connections accepted so far. */
  readonly accepted: number
}

export function trackConnections(server: Server): Connections {
  const open = new Map<Socket, State>()
  let accepted = 0
  let isDraining = false
  server.on('connection', (socket: Socket) => {
    accepted++
    open.set(socket, { running: new Set(), idleSince: performance.now(), idleBytes: 0 })
    socket.once('close', () => open.delete(socket))
  })
  const begin = ({ socket }: IncomingMessage, response: ServerResponse) => {
    const state = open.get(socket)
    if (isDraining) response.shouldKeepAlive = false
    state?.running.add(response)
    response.on('close', () => {
      if (state === undefined) return
      state.running.delete(response)
      state.idleSince = performance.now()
      state.idleBytes = socket.bytesRead
    })
  }
  // Before the handlers, which may answer at once.
  server.prependListener('request', begin)
  server.prependListener('checkContinue', begin)
  return {
    get accepted() {
      return accepted
    },
    drain() {
      isDraining = true
      for (const { running } of open.values()) for (const response of running) response.shouldKeepAlive = false
    },
    endIdle(ms) {
      const before = performance.now() - ms
      for (const [socket, { running, idleSince, idleBytes }] of open) {
        if (running.size === 0 && idleSince <= before && socket.bytesRead === idleBytes) socket.destroySoon()
      }
    },
    destroy() {
      for (const socket of open.keys()) socket.destroy()
    },
    // Not http's own close: that ends idle connections at once, also those on which a request is on its way.
    close: () => new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve())),
  }
}
