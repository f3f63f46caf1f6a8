/** Request pipeline of /graphql. Each step passes the request on or rejects it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authenticate } from '../../auth/authenticate.ts'
import { KeysUnavailable } from '../../auth/credential-error.ts'
import type { Principal } from '../../auth/principal.ts'
import { has } from '../../auth/principal.ts'
import type { Observe } from '../../telemetry/observation.ts'
import type { Answer } from '../answer.ts'
import { credentialRefusal } from '../credential-refusal.ts'
import type { Exchange } from '../exchange.ts'
import type { PendingAuditEntry } from '../operations/audit.ts'
import { audited } from '../operations/audit.ts'
import { Refusal } from '../refusal.ts'
import { leaveAfter, overloaded } from '../traffic/admission.ts'
import type { ClientAddress } from '../traffic/client-address.ts'
import type { RequestDeadline } from './deadline-of.ts'
import { deadlineOf } from './deadline-of.ts'
import type { Page } from './graphiql.ts'
import { mediaTypeOf } from './media-type.ts'
import type { OperationOptions } from './operation.ts'
import { answerOperation } from './operation.ts'
import type { Parameters } from './parameters.ts'
import { readParameters } from './parameters.ts'
import { revalidated } from './revalidation.ts'

export interface EndpointOptions extends OperationOptions {
  readonly authenticate: Authenticate
  readonly addressOf: ClientAddress
  readonly observe: Observe
  readonly page: () => Promise<Page>
}

/** Page bytes per cost point. GraphiQL has 9 MB and costs about 9,000. */
const pageBytesPerCost = 1_000

export type Endpoint = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  exchange: Exchange,
) => Promise<Answer>

export function createEndpoint(options: EndpointOptions): Endpoint {
  const { admission, limits } = options
  return async (request, response, url, exchange) => {
    if (request.method !== 'GET' && request.method !== 'POST') throw methodRefusal
    using deadline = deadlineOf(response, limits.operationMs)
    await deadline.wait(options.rateLimits.ofAddress(() => options.addressOf(request)))
    const principal = await deadline.wait(options.authenticate(request.headers.authorization))
    // The deadline ends with this function, so it has to wait for the answer.
    return await audited(options.audit, principal, response, async (entry) => {
      exchange.entry = entry
      const mayExplore = has(principal, 'sipis:ops')
      const type = mediaTypeOf(request.headers, request.method === 'GET' && mayExplore)
      if (type === 'text/html') {
        entry.isOperation = false
        return answerPage(options, entry, request, response, deadline)
      }
      if (admission.isFull(principal.id)) throw overloaded()
      const parameters = await deadline.waitForClient(readParameters(request, url, limits.bodyBytes))
      const wantsCost = request.headers['graphql-cost'] === '1'
      const identify = () => identifyAgain(options, request, principal)
      const operation = { entry, parameters, type, requestId: exchange.id, wantsCost, identify }
      const answer = await answerOperation(options, operation, response, deadline)
      exchange.isStream = answer.stream !== undefined
      options.unsent.add(principal.id, response, answer.body.length)
      return mayBeKept(entry, parameters) ? revalidated(answer, request.headers) : answer
    })
  }
}

/**
 * Identifies the caller of a stream again, because a credential may expire or be revoked meanwhile.
 *
 * @throws Refusal 401 if it is no longer good
 */
async function identifyAgain(
  { authenticate, observe }: EndpointOptions,
  { headers }: IncomingMessage,
  known: Principal,
): Promise<Principal> {
  try {
    return await authenticate(headers.authorization)
  } catch (error) {
    // Keys that cannot be read for a while end no stream.
    if (error instanceof KeysUnavailable) return known
    throw credentialRefusal(error, headers, observe) ?? error
  }
}

/** A GET by id without errors. Push tokens are kept nowhere. */
function mayBeKept({ outcome, usage }: PendingAuditEntry, { method, query }: Parameters): boolean {
  return method === 'GET' && query == null && outcome.length === 0 && usage?.revealedTokens === 0
}

const methodRefusal = new Refusal(405, 'BAD_USER_INPUT', 'Use POST with JSON, or GET for a query.', {
  headers: { allow: 'GET, POST' },
})

async function answerPage(
  { admission, page, rateLimits }: EndpointOptions,
  entry: PendingAuditEntry,
  request: IncomingMessage,
  response: ServerResponse,
  deadline: RequestDeadline,
): Promise<Answer> {
  const { principal } = entry
  const leave = await admission.enter(principal.id, deadline.signal)
  try {
    const { body, etag, headers } = await page()
    const isKnown = request.headers['if-none-match'] === etag
    const cost = isKnown ? 1 : Math.ceil(body.length / pageBytesPerCost)
    entry.cost += cost
    const allowance = await deadline.wait(rateLimits.ofPrincipal(principal.id, cost))
    const all = { ...headers, ...allowance }
    if (isKnown) return { status: 304, type: undefined, body: Buffer.alloc(0), headers: all }
    return { status: 200, type: 'text/html', body, headers: all }
  } finally {
    leaveAfter(response, leave)
  }
}
