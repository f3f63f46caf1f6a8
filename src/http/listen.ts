import type { RequestListener } from 'node:http'
import { Problem } from '../errors/problem.ts'
import { trackConnections } from './connections.ts'
import { createGate } from './gate.ts'
import { http } from './node-http.ts'
import type { StopOptions } from './stop.ts'
import { stopServer } from './stop.ts'
import type { ConnectionLimits } from './traffic/connection-limits.ts'
import { limitConnections } from './traffic/connection-limits.ts'
import type { UpgradeListener } from './upgrade.ts'
import { asRequests, isWebSocket } from './upgrade.ts'

export interface HttpServer {
  /** URL with the actual port, also if port 0 was requested. */
  readonly url: string
  /** Stops without cutting off a request that ends in time; see stop.ts. */
  close(options: StopOptions): Promise<void>
}

/** Milliseconds. */
const defaultTimeouts = {
  headersTimeout: 10_000,
  /** Headers and body together. */
  requestTimeout: 30_000,
  /** Idle time between requests. */
  keepAliveTimeout: 5_000,
  /** How often headersTimeout and requestTimeout are checked; Node's default is 30 seconds. */
  connectionsCheckingInterval: 1_000,
}
const maxHeaderBytes = 16_384

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ListenOptions {
  readonly limits?: ConnectionLimits
  readonly timeouts?: typeof defaultTimeouts
  /** Called for requests that ask to become WebSockets. Others that ask for an upgrade are requests like all. */
  readonly onUpgrade?: UpgradeListener
}

/**
 * Starts an HTTP server.
 *
 * @param maxConnections further connections are closed immediately
 * @throws Problem if the address cannot be listened on
 */
export async function listen(
  handler: RequestListener,
  { host, port }: Address,
  maxConnections: number,
  { limits, timeouts = defaultTimeouts, onUpgrade }: ListenOptions = {},
): Promise<HttpServer> {
  const gate = createGate(handler)
  const server = http.createServer(
    { ...timeouts, maxHeaderSize: maxHeaderBytes, shouldUpgradeCallback: isWebSocket },
    gate.handle,
  )
  // Node closes the connections of upgrades for which there is no listener.
  server.on('upgrade', onUpgrade ?? asRequests(gate.handle))
  server.maxConnections = maxConnections
  server.on('checkContinue', continueOnRead(gate.handle))
  const connections = trackConnections(server)
  if (limits !== undefined) limitConnections(server, limits)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenProblem(error, host, port)))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    close: (options) => stopServer({ server, connections, gate }, options),
  }
}

/** Sends 100 Continue when the body is read, so that a rejected request sends no body. */
function continueOnRead(handler: RequestListener): RequestListener {
  return (request, response) => {
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue()
    })
    handler(request, response)
  }
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): Problem {
  if (error.code === 'EADDRINUSE') {
    return new Problem(
      `Port ${port} of ${host} is in use. Stop the process that uses it, or choose another with --port.`,
    )
  }
  if (error.code === 'EACCES') {
    return new Problem(`This user may not listen on port ${port}. Choose one above 1023 with --port.`)
  }
  if (error.code === 'EADDRNOTAVAIL')
    return new Problem(`This machine has no address ${host}. Choose another with --host.`)
  return new Problem(
    `Cannot listen on ${host}:${port}: ${error.message}. Choose another address with --host and --port.`,
  )
}
