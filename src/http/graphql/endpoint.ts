/** Request pipeline of /graphql. Each step passes the request on or rejects it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import type { Authenticate } from '../../auth/authenticate.ts'
import type { Principal } from '../../auth/principal.ts'
import { has } from '../../auth/principal.ts'
import { refusedFields } from '../../auth/refused-fields.ts'
import { withDeadline } from '../../concurrency/deadline.ts'
import type { Limits } from '../../config/limits-interface.ts'
import type { Documents, PreparedDocument } from '../../documents/documents.ts'
import { RefusedDocument } from '../../documents/documents.ts'
import { tooCostly } from '../../documents/too-costly.ts'
import { codedError } from '../../errors/coded-error.ts'
import type { Execute } from '../../execution/execute.ts'
import type { Usage } from '../../loaders/usage.ts'
import { createUsage } from '../../loaders/usage.ts'
import type { Answer } from '../answer.ts'
import type { Audit, PendingAuditEntry } from '../operations/audit.ts'
import { audited, codesOf } from '../operations/audit.ts'
import { Refusal } from '../refusal.ts'
import type { Admission } from '../traffic/admission.ts'
import { overloaded } from '../traffic/admission.ts'
import type { ClientAddress } from '../traffic/client-address.ts'
import type { Allowance, RateLimits } from '../traffic/rate-limit.ts'
import type { Page } from './graphiql.ts'
import type { MediaType } from './media-type.ts'
import { mediaTypeOf } from './media-type.ts'
import type { Parameters } from './parameters.ts'
import { readParameters } from './parameters.ts'
import type { TrustedDocuments } from './trusted-documents.ts'

export interface EndpointOptions {
  readonly authenticate: Authenticate
  readonly addressOf: ClientAddress
  readonly rateLimits: RateLimits
  readonly admission: Admission
  readonly documents: Documents
  readonly trustedDocuments: TrustedDocuments
  readonly limits: Limits
  readonly audit: Audit
  readonly execute: Execute
  readonly page: () => Promise<Page>
}

/** Rate-limit cost of a rejected document. Higher than a small query, because validation does more work than execution. */
const costOfRefusal = 100
/** Request bytes per cost point: parsing, validating and pricing these takes as long as resolving one value. */
const bytesPerPoint = 200
/** Page bytes per cost point. GraphiQL has 9 MB and costs about 9,000. */
const pageBytesPerCost = 1_000

/**
 * Safety net: frees the admission slot if an operation outlives its deadline because of a bug.
 */
const graceMs = 1_000

/**
 * Charges points to the rate limit of the principal.
 *
 * @throws Refusal 429 if the limit is exceeded
 */
type Charge = (points: number) => Promise<Allowance>

export type Endpoint = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<Answer>

export function createEndpoint(options: EndpointOptions): Endpoint {
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
    using deadline = deadlineOf(response, limits.operationMs)
    const leave = await admission.enter(principal.id, deadline.signal)
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
    entry: PendingAuditEntry,
    parameters: Parameters,
    type: MediaType,
    response: ServerResponse,
  ): Promise<Answer> {
    const { principal } = entry
    const usage = createUsage(limits.responseBytes)
    Object.assign(entry, { usage, operationName: parameters.operationName, variables: parameters.variables })
    using deadline = deadlineOf(response, limits.operationMs)
    const leave = await admission.enter(principal.id, deadline.signal)
    const charge = createCharge(principal, parameters.bytes)
    try {
      const prepared = await prepare(entry, parameters, charge)
      const { headers, result } = await run(principal, parameters, prepared, charge, usage, deadline.signal)
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

  /** Creates the charge function of a request. Its first call also charges the bytes of the request. */
  function createCharge({ id }: Principal, bytes: number): Charge {
    let unpaid = Math.floor(bytes / bytesPerPoint)
    return async (cost) => {
      const points = cost + unpaid
      unpaid = 0
      return points === 0 ? {} : options.rateLimits.ofPrincipal(id, points)
    }
  }

  async function prepare(entry: PendingAuditEntry, parameters: Parameters, charge: Charge): Promise<PreparedDocument> {
    const prepared = options.trustedDocuments.find(parameters) ?? (await prepareText(textOf(parameters), charge))
    entry.prepared = prepared
    refuseMutations(prepared, parameters)
    if (!prepared.introspects || has(entry.principal, 'sipis:ops')) return prepared
    throw new RefusedDocument([introspectionRefused])
  }

  async function prepareText(text: string, charge: Charge): Promise<PreparedDocument> {
    const known = options.documents.known(text)
    if (known !== undefined) return known
    // Rejects a caller without remaining allowance before parsing.
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
    const result = await withDeadline(execution, { signal: undefined, timeoutMs: limits.operationMs + graceMs })
    return { headers, result }
  }

  function costWithin(
    principal: Principal,
    prepared: PreparedDocument,
    operationName: string | null | undefined,
    variables: object,
  ): number {
    const operation = prepared.operation(operationName)
    // The operation name is missing or unknown; execution reports that.
    if (operation === undefined) return 1
    const cost = Math.max(1, prepared.cost(operation, { ...variables }, refusedFields(principal)))
    if (cost <= limits.cost) return cost
    throw new RefusedDocument([
      codedError(
        'TOO_COSTLY',
        `This query may cost ${cost}; the limit is ${limits.cost} (LIMIT_COST). Request smaller pages or fewer fields.`,
        { setting: 'LIMIT_COST', cost, limit: limits.cost },
      ),
    ])
  }

  function answerOf(
    entry: PendingAuditEntry,
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
      'Request smaller pages.',
    )
    return answerOf(entry, { errors: [large] }, type, headers)
  }
}

const methodRefusal = new Refusal(405, 'BAD_USER_INPUT', 'Use POST with JSON, or GET for a query.', {
  headers: { allow: 'GET, POST' },
})

const introspectionRefused = codedError(
  'GRAPHQL_VALIDATION_FAILED',
  'Introspection requires the scope sipis:ops. The schema is also published as schema.graphql.',
)

/** Rejects mutations and subscriptions. GET with a mutation is 405, as the GraphQL-over-HTTP specification requires. */
function refuseMutations(prepared: PreparedDocument, { method, operationName }: Parameters): void {
  const kind = prepared.operation(operationName)?.operation ?? 'query'
  if (kind === 'query') return
  if (kind === 'mutation' && method === 'GET') {
    throw new Refusal(405, 'BAD_USER_INPUT', 'Mutations are not allowed with GET.', { headers: { allow: 'POST' } })
  }
  const message = `This API has no ${kind}s. Send a query.`
  throw new RefusedDocument([codedError('GRAPHQL_VALIDATION_FAILED', message)])
}

function textOf({ query }: Parameters): string {
  if (query != null && query !== '') return query
  throw new Refusal(400, 'BAD_USER_INPUT', 'This is not a GraphQL request: query must be a string.')
}

/** GraphQL-over-HTTP: application/graphql-response+json has status 400 without data; application/json always has 200. */
function statusOf(result: ExecutionResult, type: MediaType): number {
  return type === 'application/json' || 'data' in result ? 200 : 400
}

/** Creates a signal that is aborted after `ms` milliseconds, or when the connection closes before the response. */
function deadlineOf(response: ServerResponse, ms: number): Disposable & { readonly signal: AbortSignal } {
  const ending = new AbortController()
  const end = () => ending.abort()
  const timer = setTimeout(end, ms)
  response.once('close', end)
  // The caller may have disconnected during authentication; 'close' is not emitted again.
  if (response.destroyed) end()
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      response.off('close', end)
    },
  }
}
