import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Observe, RequestEnded, Route } from '../telemetry/observation.ts'
import type { Answer } from './answer.ts'
import type { AuditEntry } from './operations/audit.ts'
import { nameOf } from './operations/audit.ts'
import type { Receiver } from './receiver.ts'

/** A request and its answer, as the end of the request is observed. */
export interface Exchange {
  /** Also in the answer, as X-Request-Id. */
  readonly id: string
  /** What the endpoint has found out about the operation; undefined for a request that is refused before. */
  entry?: AuditEntry
  /** Of the refusal, if the request is refused as a whole. */
  codes: readonly string[]
  limits: readonly string[]
  bytes: number
  isStream: boolean
  /** Called when the answer is ready, also if its caller has disconnected. */
  readonly settle: () => void
}

const requestIdHeader = 'x-request-id'

/** Begins an exchange, and emits its end when the response has been sent or its connection has closed. */
export function beginExchange(request: IncomingMessage, response: ServerResponse, observe: Observe): Exchange {
  const status = () => (response.headersSent ? response.statusCode : undefined)
  return begin({ id: requestIdOf(request), url: request.url ?? '', receiver: response, status }, observe)
}

/** Begins the exchange of an operation on a WebSocket. Its status is that of an HTTP response. */
export function beginOperation(receiver: Receiver, status: () => number | undefined, observe: Observe): Exchange {
  return begin({ id: randomUUID(), url: '/graphql', receiver, status }, observe)
}

interface Beginning {
  readonly id: string
  readonly url: string
  readonly receiver: Receiver
  /** Undefined if nothing was answered. */
  readonly status: () => number | undefined
}

function begin({ id, url, receiver, status }: Beginning, observe: Observe): Exchange {
  const started = performance.now()
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>()
  const exchange: Exchange = { id, codes: [], limits: [], bytes: 0, isStream: false, settle }
  const closed = new Promise<void>((resolve) => receiver.once('close', resolve))
  // Not in the event's own handler: that has the asynchronous context of the connection instead of the request.
  void Promise.all([closed, settled]).then(() =>
    observe(ended(exchange, routeOf(url), status(), performance.now() - started)),
  )
  return exchange
}

/** The answer with the id of the request. */
export function identified(answer: Answer, exchange: Exchange): Answer {
  exchange.bytes = answer.body.length
  exchange.settle()
  return { ...answer, headers: { ...answer.headers, [requestIdHeader]: exchange.id } }
}

function ended(
  { id, entry, codes, limits, bytes, isStream }: Exchange,
  route: Route,
  status: number | undefined,
  durationMs: number,
): RequestEnded {
  const all = [...(status === undefined ? ['DISCONNECTED'] : []), ...(entry?.outcome ?? []), ...codes]
  return {
    kind: 'requestEnded',
    requestId: id,
    route: isStream ? 'stream' : route,
    status,
    codes: [...new Set(all)],
    limits: [...new Set([...(entry?.limits ?? []), ...limits])],
    durationMs,
    cost: entry?.cost ?? 0,
    rows: entry?.usage?.rows ?? 0,
    bytes,
    operation: entry === undefined ? undefined : nameOf(entry.prepared, entry.operationName),
    document: entry?.prepared?.hash,
  }
}

const routes: ReadonlyMap<string, Route> = new Map([
  ['/graphql', 'graphql'],
  ['/metrics', 'metrics'],
  ['/health', 'probe'],
  ['/live', 'probe'],
  ['/ready', 'probe'],
])

function routeOf(url: string): Route {
  const [path = ''] = url.replace(/^http:\/\/[^/]*/, '').split('?', 1)
  return routes.get(path) ?? 'other'
}

/**
 * An id that a proxy has given is kept. One that looks like a selector or an API key is replaced, because ids are logged.
 */
function requestIdOf({ headers }: IncomingMessage): string {
  const { [requestIdHeader]: given } = headers
  return typeof given === 'string' && /^(?![0-9a-f]{40}|sipis_)[\w.-]{8,64}$/i.test(given) ? given : randomUUID()
}
