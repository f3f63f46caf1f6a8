/** Routes requests and converts errors into responses. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import cors from 'cors'
import type { Observe } from '../telemetry/observation.ts'
import type { Answer } from './answer.ts'
import { answerOfRefusal, json, send } from './answer.ts'
import type { ConsoleEndpoint } from './console/console.ts'
import { isOfConsole } from './console/console.ts'
import { credentialRefusal } from './credential-refusal.ts'
import type { Exchange } from './exchange.ts'
import { beginExchange, identified } from './exchange.ts'
import { refuseForeignPages } from './foreign-pages.ts'
import type { Endpoint } from './graphql/endpoint.ts'
import { refusalTypeOf } from './graphql/media-type.ts'
import { limitsOf } from './operations/audit.ts'
import type { Health } from './operations/health.ts'
import type { MetricsEndpoint } from './operations/metrics.ts'
import type { Readiness } from './operations/ready.ts'
import type { SchemaEndpoint } from './operations/schema.ts'
import { Refusal } from './refusal.ts'

export interface ListenerOptions {
  readonly endpoint: Endpoint
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
  readonly stalledMs?: number | undefined
}

const defaultStalledMs = 10_000
/** Longer than a large answer takes over a slow line, at 100 kB a second. */
const wholeMs = 120_000

const endpointPath = '/graphql'
/** Endpoints for load balancers. */
const probes = new Set(['/health', '/live', '/ready'])

export function createListener(options: ListenerOptions): RequestListener {
  const allowOrigins = cors({
    origin: [...options.corsOrigins],
    methods: ['GET', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'graphql-cost'],
    exposedHeaders: ['ratelimit', 'ratelimit-policy', 'retry-after', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
  })

  type Read = (request: IncomingMessage) => Answer | Promise<Answer>
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

  const route = async (request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<Answer> => {
    const target = targetOf(request)
    const [path = ''] = target.split('?', 1)
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

  const sending = {
    stalledMs: options.stalledMs ?? defaultStalledMs,
    wholeMs,
    onStalled: () => options.observe({ kind: 'writeStalled' }),
  }
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = beginExchange(request, response, options.observe)
    route(request, response, exchange)
      .catch((error: unknown) => refused(request, exchange, refusalOf(error, request, options, exchange)))
      .then((answer) => send(response, identified(answer, exchange), sending))
      .catch((error: unknown) => {
        options.observe({ kind: 'responseFailed', error })
        response.destroy()
      })
  }

  if (options.corsOrigins.length === 0) return handle
  return (request, response) => allowOrigins(request, response, () => handle(request, response))
}

const plainUrl = new URL(endpointPath, 'http://gateway')

/**
 * Returns path and query exactly as sent. Paths are not normalized, because a proxy that protects /graphql compares them unmodified.
 * An absolute URL, as some proxies send, must have the host of the Host header.
 */
function targetOf({ url = '/', headers: { host = '' } }: IncomingMessage): string {
  const own = `http://${host}/`
  if (host !== '' && url.slice(0, own.length).toLowerCase() === own.toLowerCase()) return url.slice(own.length - 1)
  return url
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
  const [path] = targetOf(request).split('?', 1)
  // Only the API answers in GraphQL's media type.
  return answerOfRefusal(refusal, exchange.id, path === endpointPath ? refusalTypeOf(request.headers) : undefined)
}

function refusalOf(error: unknown, { headers }: IncomingMessage, options: ListenerOptions, { id }: Exchange): Refusal {
  if (error instanceof Refusal) return error
  const ofCredential = credentialRefusal(error, headers, options.observe)
  if (ofCredential !== undefined) return ofCredential
  options.observe({ kind: 'requestFailed', requestId: id, error })
  return new Refusal(500, 'INTERNAL', 'The gateway failed unexpectedly. The log contains the cause.')
}
