import type { RequestListener } from 'node:http'
import type { Authenticate } from '../auth/authenticate.ts'
import { createAuthenticate } from '../auth/authenticate.ts'
import { defaultLimits } from '../config/limits.ts'
import type { Limits } from '../config/limits-interface.ts'
import type { Database } from '../database/database.ts'
import { createDocuments } from '../documents/documents.ts'
import { createExecute } from '../execution/execute.ts'
import { schema } from '../graph/schema.ts'
import { createRecentCounts } from '../loaders/recent-counts.ts'
import type { Detected } from '../sipis/detect.ts'
import { projectionOf } from '../sipis/versions.ts'
import type { Observe } from '../telemetry/observation.ts'
import { createEndpoint } from './graphql/endpoint.ts'
import type { Example } from './graphql/graphiql.ts'
import { createPage } from './graphql/graphiql.ts'
import type { TrustedDocumentsOptions } from './graphql/trusted-documents.ts'
import { createTrustedDocuments } from './graphql/trusted-documents.ts'
import type { Audit } from './operations/audit.ts'
import { createHealth } from './operations/health.ts'
import type { PrintMetrics } from './operations/metrics.ts'
import { createMetrics, guardMetrics, listenForMetrics } from './operations/metrics.ts'
import { createCountSipis } from './operations/sipis-counts.ts'
import { createListener } from './request-listener.ts'
import { createAdmission } from './traffic/admission.ts'
import { createClientAddress } from './traffic/client-address.ts'
import type { RateLimitOptions } from './traffic/rate-limit.ts'
import { openRateLimits } from './traffic/rate-limit.ts'

export interface GatewayOptions {
  readonly database: Database
  readonly detected: Detected
  readonly timeZone: string
  readonly observe: Observe
  readonly example: Example
  /** Undefined accepts every request, but only with a loopback Host header. */
  readonly authenticate?: Authenticate | undefined
  readonly limits?: Partial<Limits> | undefined
  readonly rateLimits?: Partial<RateLimitOptions> | undefined
  readonly allowedSettings?: readonly string[] | undefined
  readonly trustedDocuments?: TrustedDocumentsOptions | undefined
  readonly trustedProxies?: readonly string[] | undefined
  readonly corsOrigins?: readonly string[] | undefined
  readonly audit?: Audit | undefined
  /** What /metrics answers; by default nothing. */
  readonly printMetrics?: PrintMetrics | undefined
}

export interface Gateway extends AsyncDisposable {
  readonly handle: RequestListener
  /** /metrics without authentication, for a port of its own. */
  readonly handleMetrics: RequestListener
  readonly limits: Limits
}

/**
 * Creates the API for one database, as a request listener for node:http.
 *
 * @throws DatabaseError if the shared rate limit store cannot be opened
 * @throws Problem if a trusted document is invalid
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, detected, observe } = options
  const limits = { ...defaultLimits, ...options.limits }
  const rateLimits = await openRateLimits({ ...unlimited, ...options.rateLimits })
  const documents = createDocuments(schema, limits, { allowedSettings: options.allowedSettings?.length ?? 0 })
  const guards = {
    authenticate: options.authenticate ?? createAuthenticate({ jwt: undefined, apiKey: undefined }),
    addressOf: createClientAddress(options.trustedProxies ?? []),
    rateLimits,
  }
  const endpoint = createEndpoint({
    ...guards,
    admission: createAdmission(limits, observe),
    documents,
    trustedDocuments: createTrustedDocuments(options.trustedDocuments ?? { manifest: {}, only: false }, documents),
    limits,
    audit: options.audit ?? (() => undefined),
    execute: createExecute({ ...options, limits, allowedSettings: options.allowedSettings ?? [] }),
    page: createPage(options.example),
  })
  const metrics = openMetrics(options)
  const handle = createListener({
    endpoint,
    metrics: guardMetrics(metrics, guards),
    health: createHealth(database, detected),
    corsOrigins: options.corsOrigins ?? [],
    isOpen: options.authenticate === undefined,
    observe,
  })
  return {
    handle,
    handleMetrics: listenForMetrics(metrics, observe),
    limits,
    [Symbol.asyncDispose]: () => rateLimits[Symbol.asyncDispose](),
  }
}

function openMetrics({ printMetrics = async () => '', database, detected, timeZone, observe }: GatewayOptions) {
  const projection = projectionOf(detected.version, { ...detected, timeZone })
  const countSipis = createCountSipis(createRecentCounts(database, projection), observe)
  return createMetrics({ print: printMetrics, countSipis })
}

const unlimited: RateLimitOptions = {
  costPerMinute: undefined,
  requestsPerMinute: undefined,
  shared: undefined,
}
