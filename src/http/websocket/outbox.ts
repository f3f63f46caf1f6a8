import type { WebSocket } from 'ws'

/** What is sent on a socket. A client that reads slowly is not read from either, and is disconnected if it takes nothing. */
export interface Outbox {
  /** Resolves when the message and all before it have left, or when the socket has closed. */
  send(message: string): Promise<void>
}

export interface OutboxOptions {
  /** The socket is closed if its client takes nothing for this time. */
  readonly stalledMs: number
  readonly onStalled: () => void
}

/** While more waits to be read, no further message of the client is. */
const mostUnreadBytes = 65_536

export function createOutbox(socket: WebSocket, { stalledMs, onStalled }: OutboxOptions): Outbox {
  const waiting = new Set<() => void>()
  let stall: NodeJS.Timeout | undefined
  const watch = () => {
    clearTimeout(stall)
    if (waiting.size === 0) return
    stall = setTimeout(() => {
      onStalled()
      socket.terminate()
    }, stalledMs)
  }
  socket.once('close', () => {
    for (const resolve of waiting) resolve()
    waiting.clear()
    clearTimeout(stall)
  })
  return {
    send(message) {
      if (socket.readyState !== socket.OPEN) return Promise.resolve()
      return new Promise((resolve) => {
        waiting.add(resolve)
        if (waiting.size === 1) watch()
        socket.send(message, () => {
          waiting.delete(resolve)
          watch()
          if (waiting.size === 0) socket.resume()
          resolve()
        })
        if (socket.bufferedAmount > mostUnreadBytes) socket.pause()
      })
    },
  }
}
