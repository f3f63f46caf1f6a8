import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { Problem } from '../errors/problem.ts'
import type { ConnectionShares } from './connection-shares.ts'
import { shareConnections } from './connection-shares.ts'

export interface Listening {
  /** The address with the port that was given or found free. */
  readonly url: string
  /** Lets running requests end, but not for longer than this. */
  close(graceMs: number): Promise<void>
}

/** How long a client may take, unless a test is shorter. */
const usualTimeouts = {
  headersTimeout: 10_000,
  /** Headers and body together. */
  requestTimeout: 30_000,
  /** Without a request. */
  keepAliveTimeout: 5_000,
  /** How often the first two are compared with the clock; Node's own interval is 30 seconds. */
  connectionsCheckingInterval: 1_000,
}
const maxHeaderBytes = 16_384

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ListenOptions {
  readonly shares?: ConnectionShares
  readonly timeouts?: typeof usualTimeouts
}

/** Connections beyond the most that there may be are closed at once. */
export async function listen(
  handler: RequestListener,
  { host, port }: Address,
  maxConnections: number,
  { shares, timeouts = usualTimeouts }: ListenOptions = {},
): Promise<Listening> {
  const server = createServer({ ...timeouts, maxHeaderSize: maxHeaderBytes }, handler)
  server.maxConnections = maxConnections
  server.on('checkContinue', askForBody(handler))
  if (shares !== undefined) shareConnections(server, shares)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenProblem(error, host, port)))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    async close(graceMs) {
      const ended = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      const force = setTimeout(() => server.closeAllConnections(), graceMs)
      await ended
      clearTimeout(force)
    },
  }
}

/** A client that waits for 100 Continue is asked for its body when that is read, so not after a refusal. */
function askForBody(handler: RequestListener): RequestListener {
  return (request, response) => {
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue()
    })
    handler(request, response)
  }
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): Problem {
  if (error.code === 'EADDRINUSE') {
    return new Problem(`Port ${port} of ${host} is in use. Stop what listens there, or choose another with --port.`)
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
