/** The way of a request for /graphql: each step lets it pass, or refuses it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { GraphQLError } from 'graphql'
import type { Authenticate } from '../auth/authenticate.ts'
import type { Principal } from '../auth/principal.ts'
import { has } from '../auth/principal.ts'
import { refusedFields } from '../auth/refused-fields.ts'
import { withPatience } from '../database/patience.ts'
import type { Documents, PreparedDocument } from '../limits/documents.ts'
import { RefusedDocument } from '../limits/documents.ts'
import type { Limits } from '../limits/limits.ts'
import { tooCostly } from '../limits/too-costly.ts'
import type { Usage } from '../loaders/usage.ts'
import { openUsage } from '../loaders/usage.ts'
import type { Admission } from './admission.ts'
import { overloaded } from './admission.ts'
import type { Answer } from './answer.ts'
import type { Audit, OpenEntry } from './audit.ts'
import { audited, codesOf } from './audit.ts'
import type { ClientAddress } from './client-address.ts'
import type { Page } from './graphiql.ts'
import type { MediaType } from './media-type.ts'
import { mediaTypeOf } from './media-type.ts'
import type { Parameters } from './parameters.ts'
import { readParameters } from './parameters.ts'
import type { Allowance, RateLimits } from './rate-limit.ts'
import { Refusal } from './refusal.ts'
import type { TrustedDocuments } from './trusted-documents.ts'

/** What is executed, for whom. */
export interface Operation {
  readonly principal: Principal
  readonly prepared: PreparedDocument
  readonly operationName: string | null | undefined
  readonly variables: Readonly<Record<string, unknown>>
  readonly usage: Usage
  /** Given when the time is up, or when the caller has gone away. */
  readonly signal: AbortSignal
}

export interface EndpointOptions {
  readonly authenticate: Authenticate
  readonly addressOf: ClientAddress
  readonly rateLimits: RateLimits
  readonly admission: Admission
  readonly documents: Documents
  readonly trustedDocuments: TrustedDocuments
  readonly limits: Limits
  readonly audit: Audit
  readonly execute: (operation: Operation) => Promise<ExecutionResult>
  readonly page: () => Promise<Page>
}

/** Rate-limit cost of a refused document. Higher than a small query, because validation does more work than execution. */
const costOfRefusal = 100
/** Parsing, validating and pricing so many bytes of a request take as long as a value of an answer. */
const bytesPerPoint = 200
/** GraphiQL has nine megabytes, and so counts about nine thousand. */
const pageBytesPerCost = 1_000

/**
 * When the time is up all statements fail at once, and so the operation ends. Should a mistake of ours keep it from that, its
 * place is not lost for ever.
 */
const graceMs = 1_000

/** Counts points towards the rate limit. Fails with a Refusal where the principal has asked for too much. */
type Charge = (points: number) => Promise<Allowance>

export type Endpoint = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<Answer>

export function openEndpoint(options: EndpointOptions): Endpoint {
  const { admission, limits } = options

  return async (request, response, url) => {
    if (request.method !== 'GET' && request.method !== 'POST') throw methodRefusal
    await options.rateLimits.ofAddress(() => options.addressOf(request))
    const principal = await options.authenticate(request.headers.authorization)
    return audited(options.audit, principal, response, async (entry) => {
      const mayExplore = has(principal, 'sipis:ops')
      const type = mediaTypeOf(request.headers, request.method === 'GET' && mayExplore)
      if (type === 'text/html') {
        entry.isOperation = false
        return page(principal, request, response)
      }
      if (admission.isFull(principal.id)) throw overloaded()
      const parameters = await readParameters(request, url, limits.bodyBytes)
      return answer(entry, parameters, type, response)
    })
  }

  async function page(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    using time = timeOf(response, limits.operationMs)
    const leave = await admission.enter(principal.id, time.signal)
    try {
      const { body, etag, headers } = await options.page()
      const isKnown = request.headers['if-none-match'] === etag
      const cost = isKnown ? 1 : Math.ceil(body.length / pageBytesPerCost)
      const allowance = await options.rateLimits.ofPrincipal(principal.id, cost)
      const all = { ...headers, ...allowance }
      if (isKnown) return { status: 304, type: undefined, body: Buffer.alloc(0), headers: all }
      return { status: 200, type: 'text/html', body, headers: all }
    } finally {
      leave()
    }
  }

  async function answer(
    entry: OpenEntry,
    parameters: Parameters,
    type: MediaType,
    response: ServerResponse,
  ): Promise<Answer> {
    const { principal } = entry
    const usage = openUsage(limits.responseBytes)
    Object.assign(entry, { usage, operationName: parameters.operationName, variables: parameters.variables })
    using time = timeOf(response, limits.operationMs)
    const leave = await admission.enter(principal.id, time.signal)
    const charge = openCharge(principal, parameters.bytes)
    try {
      const prepared = await prepare(entry, parameters, charge)
      const { headers, result } = await run(principal, parameters, prepared, charge, usage, time.signal)
      return answerOf(entry, result, type, headers)
    } catch (error) {
      const isRefused = error instanceof RefusedDocument
      if (isRefused) entry.prepared ??= error.named
      await charge(isRefused ? costOfRefusal : 0)
      if (!isRefused) throw error
      return answerOf(entry, { errors: error.errors }, type, {})
    } finally {
      leave()
    }
  }

  /** Charges the principal: the first time for the bytes of the request as well. */
  function openCharge({ id }: Principal, bytes: number): Charge {
    let unpaid = Math.floor(bytes / bytesPerPoint)
    return async (cost) => {
      const points = cost + unpaid
      unpaid = 0
      return points === 0 ? {} : options.rateLimits.ofPrincipal(id, points)
    }
  }

  async function prepare(entry: OpenEntry, parameters: Parameters, charge: Charge): Promise<PreparedDocument> {
    const prepared = options.trustedDocuments.find(parameters) ?? (await prepareText(textOf(parameters), charge))
    entry.prepared = prepared
    refuseMutations(prepared, parameters)
    if (!prepared.introspects || has(entry.principal, 'sipis:ops')) return prepared
    throw new RefusedDocument([introspectionRefused])
  }

  async function prepareText(text: string, charge: Charge): Promise<PreparedDocument> {
    const known = options.documents.known(text)
    if (known !== undefined) return known
    // A caller whose allowance is used up does not have long documents parsed.
    await charge(0)
    return options.documents.prepare(text)
  }

  async function run(
    principal: Principal,
    { operationName, variables }: Parameters,
    prepared: PreparedDocument,
    charge: Charge,
    usage: Usage,
    signal: AbortSignal,
  ) {
    const given = variables ?? {}
    const headers = await charge(costWithin(principal, prepared, operationName, given))
    const execution = options.execute({ principal, prepared, operationName, variables: given, usage, signal })
    const result = await withPatience(execution, { signal: undefined, timeoutMs: limits.operationMs + graceMs })
    return { headers, result }
  }

  function costWithin(
    principal: Principal,
    prepared: PreparedDocument,
    operationName: string | null | undefined,
    variables: object,
  ): number {
    const operation = prepared.operation(operationName)
    // Which operation is meant is not told; execution says so.
    if (operation === undefined) return 1
    const cost = Math.max(1, prepared.cost(operation, { ...variables }, refusedFields(principal)))
    if (cost <= limits.cost) return cost
    throw new RefusedDocument([
      new GraphQLError(
        `This query may cost ${cost}; the limit is ${limits.cost} (LIMIT_COST). Ask for smaller pages or fewer fields.`,
        { extensions: { code: 'TOO_COSTLY', setting: 'LIMIT_COST', cost, limit: limits.cost } },
      ),
    ])
  }

  function answerOf(
    entry: OpenEntry,
    result: ExecutionResult,
    type: MediaType,
    headers: Readonly<Record<string, string>>,
  ): Answer {
    entry.outcome = codesOf(result)
    const body = Buffer.from(JSON.stringify(result))
    if (body.length <= limits.responseBytes) return { status: statusOf(result, type), type, body, headers }
    const large = tooCostly(
      'LIMIT_RESPONSE_BYTES',
      'Bytes of the answer',
      body.length,
      limits.responseBytes,
      'Ask for smaller pages.',
    )
    return answerOf(entry, { errors: [large] }, type, headers)
  }
}

const methodRefusal = new Refusal(405, 'BAD_USER_INPUT', 'Use POST with JSON, or GET for a query.', {
  headers: { allow: 'GET, POST' },
})

const introspectionRefused = new GraphQLError(
  'The schema is shown to principals with the scope sipis:ops only. schema.graphql of the gateway has it.',
  { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
)

/** There are no mutations; by GET a cache or a prefetch could repeat one, so it is refused by its method. */
function refuseMutations(prepared: PreparedDocument, { method, operationName }: Parameters): void {
  const kind = prepared.operation(operationName)?.operation ?? 'query'
  if (kind === 'query') return
  if (kind === 'mutation' && method === 'GET') {
    throw new Refusal(405, 'BAD_USER_INPUT', 'A mutation is not executed by GET.', { headers: { allow: 'POST' } })
  }
  const message = `This API has no ${kind}s. Send a query.`
  throw new RefusedDocument([new GraphQLError(message, { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })])
}

function textOf({ query }: Parameters): string {
  if (query != null && query !== '') return query
  throw new Refusal(400, 'BAD_USER_INPUT', 'This is no GraphQL request: query must be a string.')
}

/** With its own media type GraphQL tells by the status whether there is data; plain JSON is 200 for all that was understood. */
function statusOf(result: ExecutionResult, type: MediaType): number {
  return type === 'application/json' || 'data' in result ? 200 : 400
}

/** A signal that is given when the time is up, or when the connection ends before it is answered. */
function timeOf(response: ServerResponse, ms: number): Disposable & { readonly signal: AbortSignal } {
  const ending = new AbortController()
  const end = () => ending.abort()
  const timer = setTimeout(end, ms)
  response.once('close', end)
  // Who left while we found out who they are is not heard of again.
  if (response.destroyed) end()
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      response.off('close', end)
    },
  }
}
