/** Routes requests and converts errors into responses. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import cors from 'cors'
import type { Observe } from '../telemetry/observation.ts'
import type { Answer } from './answer.ts'
import { answerOfRefusal, json } from './answer.ts'
import type { ConsoleEndpoint } from './console/console.ts'
import { isOfConsole } from './console/console.ts'
import type { Exchange } from './exchange.ts'
import { beginExchange, sendAnswer } from './exchange.ts'
import { refuseForeignPages } from './foreign-pages.ts'
import type { Endpoint } from './graphql/endpoint.ts'
import { refusalTypeOf } from './graphql/media-type.ts'
import { limitsOf } from './operations/audit.ts'
import type { Health } from './operations/health.ts'
import type { MetricsEndpoint } from './operations/metrics.ts'
import type { Readiness } from './operations/ready.ts'
import type { SchemaEndpoint } from './operations/schema.ts'
import { Refusal } from './refusal.ts'
import { refusalOf } from './refusal-of.ts'
import type { UpgradeListener } from './upgrade.ts'
import { isWebSocket, responseOn } from './upgrade.ts'
import type { Sockets } from './websocket/sockets.ts'

export interface ListenerOptions {
  readonly endpoint: Endpoint
  readonly sockets: Sockets
  readonly health: Health
  readonly readiness: Readiness
  readonly metrics: MetricsEndpoint
  readonly schema: SchemaEndpoint
  /** Undefined if it is switched off. */
  readonly console: ConsoleEndpoint | undefined
  /** Origins whose pages may send requests. */
  readonly corsOrigins: readonly string[]
  /** Whether authentication is off. Only loopback Host headers are accepted then. */
  readonly isOpen: boolean
  readonly observe: Observe
  /** Milliseconds after which a client that reads nothing of its answer is disconnected. */
  readonly stalledMs: number
}

/** Longer than a large answer takes over a slow line, at 100 kB a second. */
const wholeMs = 120_000

const endpointPath = '/graphql'
/** Endpoints for load balancers. */
const probes = new Set(['/health', '/live', '/ready'])

export interface Listeners {
  readonly handle: RequestListener
  readonly handleUpgrade: UpgradeListener
}

export function createListener(options: ListenerOptions): Listeners {
  const { corsOrigins, isOpen, observe, sockets, stalledMs } = options
  const route = createRoute(options)
  const sending = { stalledMs, wholeMs, onStalled: () => observe({ kind: 'writeStalled' }) }
  const refuse = (error: unknown, request: IncomingMessage, exchange: Exchange): Answer => {
    const failed = { authorization: request.headers.authorization, requestId: exchange.id }
    return refused(request, exchange, refusalOf(error, failed, observe))
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = beginExchange(request, response, observe)
    try {
      let answered: Answer
      try {
        answered = await route(request, response, exchange)
      } catch (error) {
        answered = refuse(error, request, exchange)
      }
      sendAnswer(response, answered, exchange, sending)
    } catch (error) {
      observe({ kind: 'responseFailed', error })
      response.destroy()
    }
  }
  const handle = corsOrigins.length === 0 ? answer : allowingOrigins(corsOrigins, answer)
  return {
    handle,
    handleUpgrade(request, socket, head) {
      const response = responseOn(request)
      if (response === undefined) return
      // Any other upgrade is ignored, as servers may.
      if (!isWebSocket(request) || pathOf(targetOf(request)) !== endpointPath) return handle(request, response)
      const exchange = beginExchange(request, response, observe)
      const admit = async () => {
        if (isOpen) checkHost(request)
        refuseForeignPages(request, corsOrigins)
        await sockets.admit(request)
        response.detachSocket(request.socket)
        sockets.accept(request, socket, head)
      }
      admit()
        .catch((error: unknown) => sendAnswer(response, refuse(error, request, exchange), exchange, sending))
        .catch((error: unknown) => {
          observe({ kind: 'responseFailed', error })
          socket.destroy()
        })
    },
  }
}

function allowingOrigins(origins: readonly string[], handle: RequestListener): RequestListener {
  const allow = cors({
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'graphql-cost'],
    exposedHeaders: ['ratelimit', 'ratelimit-policy', 'retry-after', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
  })
  return (request, response) => allow(request, response, () => handle(request, response))
}

/** Throws or rejects if the request is refused. */
type Route = (request: IncomingMessage, response: ServerResponse, exchange: Exchange) => Answer | Promise<Answer>

type Read = (request: IncomingMessage) => Answer | Promise<Answer>

function createRoute(options: ListenerOptions): Route {
  const reads = new Map<string, Read>([
    ['/metrics', options.metrics],
    ['/schema.graphql', options.schema],
    ['/health', options.health],
    ['/ready', options.readiness.answer],
    ['/live', () => json(200, { status: 'ok' })],
    ['/', () => ({ status: 302, type: undefined, body: Buffer.alloc(0), headers: { location: endpointPath } })],
  ])

  const { console } = options
  const readOf = (path: string): Read | undefined =>
    console !== undefined && isOfConsole(path) ? (request) => console(request, path) : reads.get(path)

  return (request, response, exchange) => {
    const target = targetOf(request)
    const path = pathOf(target)
    if (options.isOpen && !(probes.has(path) && lacksHost(request))) checkHost(request)
    if (path === endpointPath) {
      refuseForeignPages(request, options.corsOrigins)
      const url = target === endpointPath ? plainUrl : new URL(target, plainUrl)
      return options.endpoint(request, response, url, exchange)
    }
    const read = request.method === 'GET' || request.method === 'HEAD' ? readOf(path) : undefined
    if (read !== undefined) return read(request)
    throw new Refusal(404, 'NOT_FOUND', `Not found. The API is at ${endpointPath}.`)
  }
}

const plainUrl = new URL(endpointPath, 'http://gateway')

/**
 * Returns path and query exactly as sent. Paths are not normalized, because a proxy that protects /graphql compares them unmodified.
 * An absolute URL, as some proxies send, must have the host of the Host header.
 */
function targetOf({ url = '/', headers: { host = '' } }: IncomingMessage): string {
  if (url.startsWith('/')) return url
  const own = `http://${host}/`
  if (host !== '' && url.slice(0, own.length).toLowerCase() === own.toLowerCase()) return url.slice(own.length - 1)
  return url
}

function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

/** Some load balancers send HTTP/1.0 without a Host header. */
function lacksHost({ headers: { host = '' } }: IncomingMessage): boolean {
  return host === ''
}

/**
 * Prevents DNS rebinding: a web page can point its own domain to 127.0.0.1 and send requests from the user's browser, but the Host
 * header then still names that domain.
 */
function checkHost({ headers: { host = '' } }: IncomingMessage): void {
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)) return
  throw new Refusal(
    403,
    'FORBIDDEN',
    'Without authentication, only requests to localhost are allowed. Use http://localhost, or configure authentication.',
  )
}

function refused(request: IncomingMessage, exchange: Exchange, refusal: Refusal): Answer {
  exchange.codes = [refusal.code]
  exchange.limits = limitsOf(refusal)
  // Only the API answers in GraphQL's media type.
  const type = pathOf(targetOf(request)) === endpointPath ? refusalTypeOf(request.headers) : undefined
  return answerOfRefusal(refusal, exchange.id, type)
}
