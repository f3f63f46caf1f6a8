/** Answers one operation of a caller who is identified: price and run. */
import type { ExecutionResult } from 'graphql'
import type { Principal } from '../../auth/principal.ts'
import { has } from '../../auth/principal.ts'
import { refusedFields } from '../../auth/refused-fields.ts'
import { withDeadline } from '../../concurrency/deadline.ts'
import type { Limits } from '../../config/limits-interface.ts'
import type { Documents, PreparedDocument } from '../../documents/documents.ts'
import { RefusedDocument } from '../../documents/documents.ts'
import { tooCostly } from '../../documents/too-costly.ts'
import { codedError } from '../../errors/coded-error.ts'
import type { Executor } from '../../execution/execute.ts'
import type { Operation } from '../../execution/operation.ts'
import { printResult } from '../../execution/print-result.ts'
import { createUsage } from '../../loaders/usage.ts'
import type { Audit, PendingAuditEntry } from '../operations/audit.ts'
import { codesOf, limitsOf } from '../operations/audit.ts'
import type { Receiver } from '../receiver.ts'
import { Refusal } from '../refusal.ts'
import type { Admission } from '../traffic/admission.ts'
import { leaveAfter } from '../traffic/admission.ts'
import type { Allowance, RateLimits } from '../traffic/rate-limit.ts'
import type { Unsent } from '../traffic/unsent.ts'
import type { OperationAnswer } from './encoded.ts'
import { streamType } from './media-type.ts'
import type { Parameters } from './parameters.ts'
import type { RequestDeadline } from './request-deadline.ts'
import type { Streams } from './streams.ts'
import { followed } from './subscription.ts'
import type { TrustedDocuments } from './trusted-documents.ts'

export interface OperationOptions {
  readonly rateLimits: RateLimits
  readonly admission: Admission
  readonly unsent: Unsent
  readonly documents: Documents
  readonly trustedDocuments: TrustedDocuments
  readonly limits: Limits
  /** Of the tables that are served now. */
  readonly executor: () => Executor
  readonly streams: Streams
  readonly audit: Audit
}

const noBytes = Buffer.alloc(0)

/** Rate-limit cost of a rejected document. Higher than a small query, because validation does more work than execution. */
const costOfRefusal = 100
/** Request bytes per cost point: parsing, validating and pricing these takes as long as resolving one value. */
const bytesPerPoint = 200
/** Safety net: frees the admission slot if an operation outlives its deadline because of a bug. */
const graceMs = 1_000

/**
 * Charges points to the rate limit of the principal.
 *
 * @throws Refusal 429 if the limit is exceeded
 */
type Charge = (points: number) => Allowance | Promise<Allowance>

/** An operation to answer. `entry` is filled in meanwhile. */
export interface RequestedOperation {
  readonly entry: PendingAuditEntry
  readonly parameters: Parameters
  /** Whether a stream can be answered. */
  readonly takesStream: boolean
  readonly requestId: string
  /** Whether the response says what the operation costs. */
  readonly wantsCost: boolean
  /** Identifies the caller anew, from the same credential. */
  readonly identify: () => Promise<Principal>
}

/** @throws Refusal if the request is rejected as a whole */
export async function answerOperation(
  options: OperationOptions,
  requested: RequestedOperation,
  receiver: Receiver,
  deadline: RequestDeadline,
): Promise<OperationAnswer> {
  const { entry, parameters, requestId, wantsCost } = requested
  const { principal } = entry
  const { admission, limits } = options
  const usage = createUsage(limits.responseBytes)
  entry.usage = usage
  entry.operationName = parameters.operationName
  entry.variables = parameters.variables
  options.unsent.check(principal.id)
  const leave = await admission.enter(principal.id, deadline)
  const charge = createCharge(options.rateLimits, entry, parameters.bytes, deadline)
  let isStream = false
  try {
    const prepared = await prepare(options, requested, charge)
    const { operationName, variables } = parameters
    const operation: Operation = {
      principal,
      prepared,
      operationName,
      variables: variables ?? {},
      usage,
      ending: deadline,
      requestId,
    }
    if (prepared.operation(operationName)?.operation === 'subscription') {
      const answer = await subscribe(options, requested, operation, receiver, charge)
      isStream = answer.events !== undefined
      return answer
    }
    const { cost, headers, result } = await run(options, operation, charge)
    const answer = wantsCost ? { ...result, extensions: { ...result.extensions, cost } } : result
    return answerOf(entry, answer, headers, limits)
  } catch (error) {
    const isRefused = error instanceof RefusedDocument
    if (isRefused) entry.prepared ??= error.named
    await charge(isRefused ? costOfRefusal : 0)
    if (!isRefused) throw error
    return answerOf(entry, { errors: error.errors }, {}, limits)
  } finally {
    // Each result of a stream takes a place of its own.
    if (isStream) leave()
    else leaveAfter(receiver, leave)
  }
}

async function subscribe(
  options: OperationOptions,
  { entry, identify }: RequestedOperation,
  operation: Operation,
  receiver: Receiver,
  charge: Charge,
): Promise<OperationAnswer> {
  const cost = costWithin(options.limits, operation)
  const headers = await charge(cost)
  const place = options.streams.enter(operation.principal)
  try {
    const { source, result } = await options.executor().subscribe(operation)
    if (source === undefined) {
      place.leave()
      return answerOf(entry, result, headers, options.limits)
    }
    leaveAfter(receiver, () => {
      source.close()
      place.leave()
    })
    const chargeAgain = ({ id }: Principal) => options.rateLimits.ofPrincipal(id, cost)
    const following = { ...options, place, entry, charge: chargeAgain, identify }
    return { result, json: noBytes, headers, events: followed(following, operation, { source, result }) }
  } catch (error) {
    place.leave()
    throw error
  }
}

/** Creates the charge function of a request. Its first call also charges the bytes of the request. */
function createCharge(
  rateLimits: RateLimits,
  entry: PendingAuditEntry,
  bytes: number,
  deadline: RequestDeadline,
): Charge {
  let unpaid = Math.floor(bytes / bytesPerPoint)
  return (cost) => {
    const points = cost + unpaid
    unpaid = 0
    entry.cost += points
    return points === 0 ? {} : deadline.wait(rateLimits.ofPrincipal(entry.principal.id, points))
  }
}

async function prepare(
  { documents, trustedDocuments }: OperationOptions,
  { entry, parameters, takesStream }: RequestedOperation,
  charge: Charge,
): Promise<PreparedDocument> {
  const prepared = trustedDocuments.find(parameters) ?? (await prepareText(documents, textOf(parameters), charge))
  entry.prepared = prepared
  refuseMutations(prepared, parameters, takesStream)
  if (!prepared.introspects || has(entry.principal, 'sipis:ops')) return prepared
  throw new RefusedDocument([introspectionRefused])
}

function prepareText(documents: Documents, text: string, charge: Charge): PreparedDocument | Promise<PreparedDocument> {
  return documents.known(text) ?? prepareUnknown(documents, text, charge)
}

async function prepareUnknown(documents: Documents, text: string, charge: Charge): Promise<PreparedDocument> {
  // Rejects a caller without remaining allowance before parsing.
  await charge(0)
  return documents.prepare(text)
}

async function run({ executor, limits }: OperationOptions, operation: Operation, charge: Charge) {
  const cost = costWithin(limits, operation)
  const headers = await charge(cost)
  const execution = executor().execute(operation)
  return { cost, headers, result: execution instanceof Promise ? await withinGrace(execution, limits) : execution }
}

function withinGrace<T>(execution: Promise<T>, { operationMs }: Limits): Promise<T> {
  return withDeadline(execution, { signal: undefined, timeoutMs: operationMs + graceMs })
}

function costWithin(limits: Limits, { principal, operationName, variables, prepared }: Operation): number {
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
  headers: Readonly<Record<string, string>>,
  limits: Limits,
): OperationAnswer {
  entry.outcome = codesOf(result)
  entry.limits = limitsOf(result)
  const json = printResult(result)
  const bytes = json.length
  if (bytes <= limits.responseBytes) return { result, json, headers }
  const large = tooCostly(
    'LIMIT_RESPONSE_BYTES',
    'Bytes of the answer',
    bytes,
    limits.responseBytes,
    'Request smaller pages.',
  )
  return answerOf(entry, { errors: [large] }, headers, limits)
}

const introspectionRefused = codedError(
  'FORBIDDEN',
  'Introspection requires the scope sipis:ops. The schema is also published as schema.graphql.',
  { requires: ['sipis:ops'] },
)

/** Rejects mutations, and subscriptions without a stream. GET with a mutation is 405, as the GraphQL-over-HTTP specification requires. */
function refuseMutations(
  prepared: PreparedDocument,
  { method, operationName }: Parameters,
  takesStream: boolean,
): void {
  const kind = prepared.operation(operationName)?.operation ?? 'query'
  if (kind === 'query') return
  if (kind === 'subscription') {
    if (takesStream) return
    const message = `A subscription is answered as a stream: send the header Accept: ${streamType}.`
    throw new RefusedDocument([codedError('BAD_USER_INPUT', message)])
  }
  if (kind === 'mutation' && method === 'GET') {
    throw new Refusal(405, 'BAD_USER_INPUT', 'Mutations are not allowed with GET.', { headers: { allow: 'POST' } })
  }
  throw new RefusedDocument([codedError('GRAPHQL_VALIDATION_FAILED', 'This API has no mutations. Send a query.')])
}

function textOf({ query }: Parameters): string {
  if (query != null && query !== '') return query
  throw new Refusal(400, 'BAD_USER_INPUT', 'This is not a GraphQL request: query must be a string.')
}
