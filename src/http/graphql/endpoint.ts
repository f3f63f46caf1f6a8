/** Request pipeline of /graphql. Each step passes the request on or rejects it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { has } from '../../auth/principal.ts'
import type { Answer } from '../answer.ts'
import type { StaticFile } from '../console/static-file.ts'
import { answerFile } from '../console/static-file.ts'
import type { Exchange } from '../exchange.ts'
import type { PendingAuditEntry } from '../operations/audit.ts'
import { Refusal } from '../refusal.ts'
import { leaveAfter, overloaded } from '../traffic/admission.ts'
import type { ClientAddress } from '../traffic/client-address.ts'
import type { CallerOptions } from './as-caller.ts'
import { asCaller, identifyAgain } from './as-caller.ts'
import { encoded } from './encoded.ts'
import { mediaTypeOf, prefersPage, streamType } from './media-type.ts'
import { answerOperation } from './operation.ts'
import type { Parameters } from './parameters.ts'
import { readParameters } from './parameters.ts'
import type { RequestDeadline } from './request-deadline.ts'
import { revalidated } from './revalidation.ts'

export interface EndpointOptions extends CallerOptions {
  readonly addressOf: ClientAddress
  readonly page: () => Promise<StaticFile>
}

/** Page bytes per cost point. GraphiQL has 9 MB, or 2 MB compressed. */
const pageBytesPerCost = 1_000
/** Page bytes that count as one request of an address that shows no credential. */
const pageBytesPerRequest = 10_000

/** Throws or rejects if the request is refused. */
export type Endpoint = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  exchange: Exchange,
) => Promise<Answer>

export function createEndpoint(options: EndpointOptions): Endpoint {
  const { admission, limits } = options
  return (request, response, url, exchange) => {
    if (request.method !== 'GET' && request.method !== 'POST') throw methodRefusal
    if (isVisit(request)) return answerVisit(options, request)
    const { authorization } = request.headers
    const asked = { address: () => options.addressOf(request), authorization, receiver: response, exchange }
    return asCaller(options, asked, async (entry, deadline) => {
      const { principal } = entry
      const type = mediaTypeOf(request.headers, request.method === 'GET' && has(principal, 'sipis:ops'))
      if (type === 'text/html') {
        entry.isOperation = false
        return answerPage(options, entry, request, response, deadline)
      }
      if (admission.isFull(principal.id)) throw overloaded()
      const parameters = await deadline.waitForClient(readParameters(request, url, limits.bodyBytes))
      exchange.isRead = parameters.method === 'POST'
      const operation = {
        entry,
        parameters,
        takesStream: type === streamType,
        requestId: exchange.id,
        wantsCost: request.headers['graphql-cost'] === '1',
        identify: () => identifyAgain(options, authorization, principal),
      }
      const answered = await answerOperation(options, operation, response, deadline)
      const answer = encoded(answered, entry.outcome, type)
      exchange.isStream = answer.stream !== undefined
      options.unsent.add(principal.id, response, answer.body.length)
      return mayBeKept(entry, parameters) ? revalidated(answer, request.headers) : answer
    })
  }
}

/** A GET by id without errors. Push tokens are kept nowhere. */
function mayBeKept({ outcome, usage }: PendingAuditEntry, { method, query }: Parameters): boolean {
  return method === 'GET' && query == null && outcome.length === 0 && usage?.revealedTokens === 0
}

const methodRefusal = new Refusal(405, 'BAD_USER_INPUT', 'Use POST with JSON, or GET for a query.', {
  headers: { allow: 'GET, POST' },
})

/** Whether a browser opens the page. Browsers send no credential then, and the page needs none: it asks for all that it shows. */
function isVisit({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.authorization === undefined && prefersPage(headers)
}

async function answerVisit(
  { page, rateLimits, addressOf }: EndpointOptions,
  request: IncomingMessage,
): Promise<Answer> {
  const answer = answerFile(await page(), request)
  const requests = Math.max(1, Math.ceil(answer.body.length / pageBytesPerRequest))
  await rateLimits.ofAddress(() => addressOf(request), requests)
  return answer
}

async function answerPage(
  { admission, page, rateLimits }: EndpointOptions,
  entry: PendingAuditEntry,
  request: IncomingMessage,
  response: ServerResponse,
  deadline: RequestDeadline,
): Promise<Answer> {
  const { principal } = entry
  const leave = await admission.enter(principal.id, deadline)
  try {
    const answer = answerFile(await page(), request)
    const cost = Math.max(1, Math.ceil(answer.body.length / pageBytesPerCost))
    entry.cost += cost
    const allowance = await deadline.wait(rateLimits.ofPrincipal(principal.id, cost))
    return { ...answer, headers: { ...answer.headers, ...allowance } }
  } finally {
    leaveAfter(response, leave)
  }
}
