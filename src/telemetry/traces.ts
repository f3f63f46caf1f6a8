/** Sends spans of requests and statements to an OpenTelemetry collector. Loaded only if a collector is configured. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestListener } from 'node:http'
import type { Context, Span, Tracer } from '@opentelemetry/api'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { errorCatalogue } from '../errors/catalogue.ts'
import type { Observe, RequestEnded } from './observation.ts'

export interface Traces extends AsyncDisposable {
  readonly observe: Observe
  /** Wraps a listener to trace its requests. */
  follow(handle: RequestListener): RequestListener
  /** Runs an operation of a WebSocket in a trace of its own, which its end ends. */
  run<T>(work: () => T): T
}

/** The trace of a running request. */
interface Traced {
  readonly span: Span
  /** Makes the span the parent of further ones. */
  readonly context: Context
  statements: number
}

/** Maximum number of statement spans of a request. */
const maxStatements = 200
/** Time limit of an export; then its spans are dropped. */
const exportMs = 2_000

/** @param endpoint URL of the collector, without /v1/traces */
export function openTraces(endpoint: string): Traces {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: exportMs,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'sipis-gateway' }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: exportMs })],
  })
  const tracer = provider.getTracer('sipis-gateway')
  const requests = new AsyncLocalStorage<Traced>()
  const run = <T>(parent: Context, work: () => T): T => {
    const span = tracer.startSpan('GraphQL request', { kind: SpanKind.SERVER }, parent)
    return requests.run({ span, context: trace.setSpan(parent, span), statements: 0 }, work)
  }
  return {
    observe(observation) {
      if (observation.kind === 'statementEnded') addStatement(tracer, requests.getStore(), observation)
      if (observation.kind === 'requestEnded') end(requests.getStore(), observation)
    },
    follow: (handle) => (request, response) => {
      if (!/^\/graphql(\?|$)/.test(request.url ?? '')) return handle(request, response)
      return run(parentOf(request.headers['traceparent']), () => handle(request, response))
    },
    run: (work) => run(ROOT_CONTEXT, work),
    [Symbol.asyncDispose]: () => provider.shutdown(),
  }
}

interface Statement {
  readonly lane: string
  readonly failure: string | undefined
  readonly rows: number
  readonly durationMs: number
}

/** Statements outside of a request, such as those of /health, have no span. */
function addStatement(
  tracer: Tracer,
  request: Traced | undefined,
  { lane, failure, rows, durationMs }: Statement,
): void {
  if (request === undefined || ++request.statements > maxStatements) return
  const now = performance.timeOrigin + performance.now()
  const attributes = { 'db.system.name': 'postgresql', 'sipis_gateway.lane': lane, 'sipis_gateway.rows': rows }
  const options = { kind: SpanKind.CLIENT, startTime: now - durationMs, attributes }
  const span = tracer.startSpan(`statement: ${lane}`, options, request.context)
  if (failure !== undefined) {
    span.setAttribute('db.response.status_code', failure)
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end(now)
}

function end(request: Traced | undefined, ended: RequestEnded): void {
  if (request === undefined) return
  const { span } = request
  span.setAttributes({
    'http.route': '/graphql',
    'sipis_gateway.request_id': ended.requestId,
    'sipis_gateway.cost': ended.cost,
    'sipis_gateway.rows': ended.rows,
    'sipis_gateway.codes': [...ended.codes],
    'sipis_gateway.statements': request.statements,
    ...(ended.status === undefined ? {} : { 'http.response.status_code': ended.status }),
    ...(ended.operation === undefined ? {} : { 'graphql.operation.name': ended.operation }),
    ...(ended.document === undefined ? {} : { 'graphql.document.hash': ended.document }),
  })
  if (ended.codes.some((code) => serverCodes.has(code))) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

const serverCodes: ReadonlySet<string> = new Set(
  Object.entries(errorCatalogue).flatMap(([code, { fault }]) => (fault === 'server' ? code : [])),
)

/** The span of the caller, from the W3C header `traceparent`. */
function parentOf(header: string | string[] | undefined): Context {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(header)) ?? []
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT
  const traceFlags = Number.parseInt(flags ?? '', 16) & 1
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}
