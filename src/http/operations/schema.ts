import type { IncomingMessage } from 'node:http'
import type { Authenticate } from '../../auth/authenticate.ts'
import type { Answer } from '../answer.ts'
import { sdlType } from '../answer.ts'
import { requireScope } from '../require-scope.ts'
import type { ClientAddress } from '../traffic/client-address.ts'
import type { RateLimits } from '../traffic/rate-limit.ts'

export type SchemaEndpoint = (request: IncomingMessage) => Promise<Answer>

interface Guards {
  readonly authenticate: Authenticate
  readonly addressOf: ClientAddress
  readonly rateLimits: RateLimits
}

/** Answers the SDL to principals that may introspect. */
export function createSchemaEndpoint(
  { authenticate, addressOf, rateLimits }: Guards,
  printSdl: () => string,
): SchemaEndpoint {
  let body: Buffer | undefined
  return async (request) => {
    await rateLimits.ofAddress(() => addressOf(request))
    const principal = await authenticate(request.headers.authorization)
    requireScope(principal, 'sipis:ops', 'The schema')
    body ??= Buffer.from(printSdl())
    const headers = await rateLimits.ofPrincipal(principal.id, Math.ceil(body.length / bytesPerCost))
    return { status: 200, type: sdlType, body, headers }
  }
}

/** As of the page of GraphiQL. */
const bytesPerCost = 1_000
