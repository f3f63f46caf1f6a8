/** Requests that ask to become something else, such as a WebSocket. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { http } from './node-http.ts'

/** For the event `upgrade` of node:http. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Whether a request has to be passed on as an upgrade. Servers may ignore any other, such as to HTTP/2. */
export function isWebSocket({ method, headers: { upgrade } }: IncomingMessage): boolean {
  return method === 'GET' && upgrade?.toLowerCase() === 'websocket'
}

/** Answers upgrades as requests, as servers may. */
export function asRequests(handle: RequestListener): UpgradeListener {
  return (request) => {
    const response = responseOn(request)
    if (response !== undefined) handle(request, response)
  }
}

/**
 * A response to an upgrade that does not take place. It ends its connection. Undefined if the connection is ended at once, because an
 * earlier request of it has no answer yet: no client sends an upgrade behind one.
 */
export function responseOn(request: IncomingMessage): ServerResponse | undefined {
  const { socket } = request
  // Node has stopped to listen for them.
  socket.on('error', () => socket.destroy())
  const response = new http.ServerResponse(request)
  response.shouldKeepAlive = false
  try {
    response.assignSocket(socket)
  } catch {
    socket.destroy()
    return undefined
  }
  response.once('finish', () => socket.destroySoon())
  return response
}
