/** Subscriptions and queries over WebSocket, by the protocol of the package graphql-ws. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import type { Principal } from '../../auth/principal.ts'
import { Refusal } from '../refusal.ts'
import { createCallerCounts } from '../traffic/caller-counts.ts'
import type { ClientAddress } from '../traffic/client-address.ts'
import { subprotocolNotAcceptable } from './closing.ts'
import type { SessionOptions, SocketTimes } from './session.ts'
import { Session } from './session.ts'

export interface SocketsOptions extends Omit<SessionOptions, 'enter' | 'times'> {
  readonly addressOf: ClientAddress
  /** For tests. */
  readonly times?: Partial<SocketTimes> | undefined
}

export interface Sockets extends Disposable {
  /** @throws Refusal if the request may not become a socket */
  admit(request: IncomingMessage): Promise<void>
  /** Makes a socket of a request that was admitted. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Closes the sockets as their operations end, all of them within seconds. No more are admitted. */
  drain(): void
}

const defaultTimes: SocketTimes = { initMs: 10_000, beatMs: 15_000, identifyMs: 30_000, drainMs: 5_000 }
/** How long a client may take to answer that a socket is closed. */
const closeMs = 1_000

export function createSockets(options: SocketsOptions): Sockets {
  const { limits, observe, addressOf } = options
  const server = serverOf(limits.bodyBytes)
  const times = { ...defaultTimes, ...options.times }
  const sessions = new Set<Session>()
  const ofCallers = createCallerCounts(() => undefined)
  let isStopping = false
  const enter = ({ id }: Principal) => {
    const own = ofCallers.of(id)
    if (own >= limits.streamsPerCaller) throw tooMany(own, limits.streamsPerCaller)
    ofCallers.add(id, 1)
    return () => ofCallers.add(id, -1)
  }
  const open = (socket: WebSocket, request: IncomingMessage, address: string) => {
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) return refuseProtocol(socket)
    const { authorization, 'graphql-cost': cost } = request.headers
    const session = new Session(
      socket,
      { ...options, times, enter },
      { address, authorization, wantsCost: cost === '1' },
    )
    sessions.add(session)
    observe({ kind: 'socketsChanged', open: sessions.size })
    socket.once('close', () => {
      sessions.delete(session)
      observe({ kind: 'socketsChanged', open: sessions.size })
    })
    if (isStopping) session.drain()
  }
  return {
    async admit(request) {
      if (isStopping) throw stopping
      if (sessions.size >= limits.connections) throw full
      await options.rateLimits.ofAddress(() => addressOf(request))
    },
    accept(request, socket, head) {
      const address = addressOf(request)
      server.handleUpgrade(request, socket, head, (opened) => open(opened, request, address))
    },
    drain() {
      isStopping = true
      for (const session of [...sessions]) session.drain()
    },
    [Symbol.dispose]() {
      for (const session of sessions) session.terminate()
    },
  }
}

function serverOf(maxPayload: number): WebSocketServer {
  // The types of ws do not know closeTimeout yet.
  const options = {
    noServer: true,
    clientTracking: false,
    maxPayload,
    perMessageDeflate: false,
    closeTimeout: closeMs,
    // A client sees the code with which it is closed only if one of its protocols was chosen.
    handleProtocols: (offered: ReadonlySet<string>) =>
      offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : ([...offered][0] ?? false),
  } as const
  return new WebSocketServer(options)
}

function refuseProtocol(socket: WebSocket): void {
  socket.on('error', () => undefined)
  socket.close(subprotocolNotAcceptable.code, subprotocolNotAcceptable.reason)
}

const stopping = new Refusal(503, 'UNAVAILABLE', 'The gateway stops. Connect again in a few seconds.', {
  headers: { 'retry-after': '5' },
})

const full = new Refusal(503, 'UNAVAILABLE', 'Too many sockets are open (LIMIT_CONNECTIONS). Retry in a few seconds.', {
  headers: { 'retry-after': '5' },
  setting: 'LIMIT_CONNECTIONS',
})

function tooMany(own: number, limit: number): Refusal {
  const message = `You have ${own} sockets open (LIMIT_STREAMS_PER_CALLER). Close one of them first.`
  return new Refusal(429, 'RATE_LIMITED', message, {
    headers: { 'retry-after': '5' },
    setting: 'LIMIT_STREAMS_PER_CALLER',
    limit,
  })
}
