import type { IncomingMessage, RequestListener } from 'node:http'
import type { Authenticate } from '../../auth/authenticate.ts'
import type { Observe } from '../../telemetry/observation.ts'
import type { Answer } from '../answer.ts'
import { answerOfRefusal, metricsType } from '../answer.ts'
import { beginExchange, sendAnswer } from '../exchange.ts'
import { Refusal } from '../refusal.ts'
import { requireScope } from '../require-scope.ts'
import type { ClientAddress } from '../traffic/client-address.ts'
import type { RateLimits } from '../traffic/rate-limit.ts'

/** Prints all metrics. */
export type PrintMetrics = () => Promise<string>

export type MetricsEndpoint = (request: IncomingMessage) => Promise<Answer>

export interface MetricsOptions {
  readonly print: PrintMetrics
  /** Counts before each print what no event says. Takes at most a few seconds. */
  readonly count: () => Promise<void>
}

export function createMetrics({ print, count }: MetricsOptions): () => Promise<Answer> {
  return async () => {
    await count()
    return { status: 200, type: metricsType, body: Buffer.from(await print()), headers: {} }
  }
}

interface Guards {
  readonly authenticate: Authenticate
  readonly addressOf: ClientAddress
  readonly rateLimits: RateLimits
}

/** Answers principals with the scope sipis:ops: for the port of the API. */
export function guardMetrics(
  metrics: () => Promise<Answer>,
  { authenticate, addressOf, rateLimits }: Guards,
): MetricsEndpoint {
  return async (request) => {
    await rateLimits.ofAddress(() => addressOf(request))
    const principal = await authenticate(request.headers.authorization)
    requireScope(principal, 'sipis:ops', 'The list of metrics')
    return metrics()
  }
}

/** Answers without authentication: for a port of its own. */
export function listenForMetrics(metrics: () => Promise<Answer>, observe: Observe): RequestListener {
  const answerOf = async (request: IncomingMessage, requestId: string): Promise<Answer> => {
    const [path] = (request.url ?? '').split('?', 1)
    if (path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')) return metrics()
    return answerOfRefusal(new Refusal(404, 'NOT_FOUND', 'Not found. Metrics are at /metrics.'), requestId)
  }
  const sending = { stalledMs: 10_000, wholeMs: 10_000, onStalled: () => observe({ kind: 'writeStalled' }) }
  return (request, response) => {
    const exchange = beginExchange(request, response, observe)
    answerOf(request, exchange.id)
      .then((answer) => sendAnswer(response, answer, exchange, sending))
      .catch((error: unknown) => {
        observe({ kind: 'responseFailed', error })
        response.destroy()
      })
  }
}
