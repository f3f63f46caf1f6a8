import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Observe, RequestEnded, Route } from '../telemetry/observation.ts'
import type { Answer, SendOptions } from './answer.ts'
import { requestIdHeader, send } from './answer.ts'
import type { AuditEntry } from './operations/audit.ts'
import { nameOf } from './operations/audit.ts'
import type { Receiver } from './receiver.ts'

/** A request and its answer, as the end of the request is observed. */
export class Exchange {
  /** Also in the answer, as X-Request-Id. */
  readonly id: string
  /** What the endpoint has found out about the operation; undefined for a request that is refused before. */
  entry: AuditEntry | undefined
  /** Of the refusal, if the request is refused as a whole. */
  codes: readonly string[] = none
  limits: readonly string[] = none
  bytes = 0
  isStream = false
  /** Whether the body has been read. Node may not know yet that the request is complete. */
  isRead = false
  #isSettled = false
  #isClosed = false
  readonly #end: () => void

  constructor({ id, url, receiver, status }: Beginning, observe: Observe) {
    const started = performance.now()
    const { promise: over, resolve } = Promise.withResolvers<void>()
    this.id = id
    this.#end = resolve
    receiver.on('close', () => this.#close())
    // Not in the event's own handler: that has the asynchronous context of the connection instead of the request.
    void over.then(() => observe(ended(this, routeOf(url), status(), performance.now() - started)))
  }

  /** Called when the answer is ready, also if its caller has disconnected. */
  settle(): void {
    this.#isSettled = true
    if (this.#isClosed) this.#end()
  }

  #close(): void {
    this.#isClosed = true
    if (this.#isSettled) this.#end()
  }
}

const none: readonly string[] = []

/** Begins an exchange, and emits its end when the response has been sent or its connection has closed. */
export function beginExchange(request: IncomingMessage, response: ServerResponse, observe: Observe): Exchange {
  const status = () => (response.headersSent ? response.statusCode : undefined)
  return new Exchange({ id: requestIdOf(request), url: request.url ?? '', receiver: response, status }, observe)
}

/** Begins the exchange of an operation on a WebSocket. Its status is that of an HTTP response. */
export function beginOperation(receiver: Receiver, status: () => number | undefined, observe: Observe): Exchange {
  return new Exchange({ id: randomUUID(), url: '/graphql', receiver, status }, observe)
}

interface Beginning {
  readonly id: string
  readonly url: string
  readonly receiver: Receiver
  /** Undefined if nothing was answered. */
  readonly status: () => number | undefined
}

/** Sends the answer of an exchange. */
export function sendAnswer(response: ServerResponse, answer: Answer, exchange: Exchange, options: SendOptions): void {
  exchange.bytes = answer.body.length
  exchange.settle()
  send(response, answer, options, exchange)
}

function ended(
  { id, entry, codes, limits, bytes, isStream }: Exchange,
  route: Route,
  status: number | undefined,
  durationMs: number,
): RequestEnded {
  const disconnected = status === undefined ? ['DISCONNECTED'] : none
  return {
    kind: 'requestEnded',
    requestId: id,
    route: isStream ? 'stream' : route,
    status,
    codes: distinct(disconnected, entry?.outcome ?? none, codes),
    limits: distinct(entry?.limits ?? none, limits),
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

/** Most requests have none of either. */
function distinct(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.every((list) => list.length === 0) ? none : [...new Set(lists.flat())]
}

function routeOf(url: string): Route {
  const known = routes.get(url)
  if (known !== undefined) return known
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
