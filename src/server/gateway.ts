import type { RequestListener } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { execute } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { createYoga } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Authenticate } from '../auth/authenticate.ts'
import { createAuthenticate } from '../auth/authenticate.ts'
import { has } from '../auth/principal.ts'
import { restrictToPrincipal } from '../auth/restrict-to-principal.ts'
import { defaultLimits } from '../config/limits.ts'
import type { Limits } from '../config/limits-interface.ts'
import type { Database } from '../database/database.ts'
import { openScans } from '../database/scans.ts'
import type { Context } from '../graph/context.ts'
import { schema } from '../graph/schema.ts'
import type { PreparedDocument } from '../limits/documents.ts'
import { openDocuments } from '../limits/documents.ts'
import { answerTooLarge } from '../limits/too-costly.ts'
import { createLoaders } from '../loaders/loaders.ts'
import { metered } from '../loaders/metered.ts'
import { createPace } from '../loaders/pace.ts'
import { recordNamedSelectors } from '../loaders/record-named-selectors.ts'
import type { Detected } from '../versions/detect.ts'
import { projectionOf } from '../versions/versions.ts'
import { createAdmission } from './admission.ts'
import type { Audit } from './audit.ts'
import { createClientAddress } from './client-address.ts'
import { maskErrors } from './errors.ts'
import type { Example } from './graphiql.ts'
import { createPage } from './graphiql.ts'
import type { Operation } from './graphql-endpoint.ts'
import { createEndpoint } from './graphql-endpoint.ts'
import { createHealth } from './health.ts'
import type { RateLimitOptions } from './rate-limit.ts'
import { openRateLimits } from './rate-limit.ts'
import { createRefusedCredentials } from './refused-credentials.ts'
import { createListener } from './request-listener.ts'
import type { TrustedDocumentsOptions } from './trusted-documents.ts'
import { createTrustedDocuments } from './trusted-documents.ts'

export interface GatewayOptions {
  readonly database: Database
  readonly detected: Detected
  readonly timeZone: string
  readonly logger: Logger
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
}

export interface Gateway extends AsyncDisposable {
  readonly handle: RequestListener
  readonly limits: Limits
}

/** Context of Yoga's hooks. */
interface Execution extends Context {
  readonly prepared: PreparedDocument
}

/**
 * Creates the API for one database, as a request listener for node:http.
 *
 * @throws DatabaseError if the shared rate limit store cannot be opened
 * @throws Problem if a trusted document is invalid
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, detected, logger } = options
  const limits = { ...defaultLimits, ...options.limits }
  const rateLimits = await openRateLimits({ ...unlimited, ...options.rateLimits })
  const documents = openDocuments(schema, limits, { 'Selector.settings': options.allowedSettings?.length ?? 0 })
  const endpoint = createEndpoint({
    authenticate: options.authenticate ?? createAuthenticate({ jwt: undefined, apiKey: undefined }),
    addressOf: createClientAddress(options.trustedProxies ?? []),
    rateLimits,
    admission: createAdmission(limits),
    documents,
    trustedDocuments: createTrustedDocuments(options.trustedDocuments ?? { manifest: {}, only: false }, documents),
    limits,
    audit: options.audit ?? (() => undefined),
    execute: createExecute(options, limits),
    page: createPage(options.example),
  })
  const handle = createListener({
    endpoint,
    health: createHealth(database, detected),
    corsOrigins: options.corsOrigins ?? [],
    open: options.authenticate === undefined,
    refusedCredentials: createRefusedCredentials(logger),
    logger,
  })
  return { handle, limits, [Symbol.asyncDispose]: () => rateLimits[Symbol.asyncDispose]() }
}

const unlimited: RateLimitOptions = {
  costPerMinute: undefined,
  requestsPerMinute: undefined,
  shared: undefined,
}

/**
 * Passes documents to Yoga that are already parsed and validated, and executes them with graphql-js, the reference implementation.
 */
const usePrepared: Plugin<Execution, Execution, Execution> = {
  onParse: ({ context, setParsedDocument }) => setParsedDocument(context.prepared.document),
  onValidate: ({ setResult }) => setResult([]),
  onExecute: ({ setExecuteFn }) => setExecuteFn((given) => execute({ ...given, options: { maxCoercionErrors } })),
}

/** Maximum number of errors for invalid variables, because each may repeat the whole value. */
export const maxCoercionErrors = 5

function createExecute(options: GatewayOptions, limits: Limits): (operation: Operation) => Promise<ExecutionResult> {
  const { database, detected, timeZone, allowedSettings = [] } = options
  const projection = projectionOf(detected.version, { ...detected, timeZone })
  const scans = openScans(limits)
  const yoga = createYoga<Execution, Execution>({
    schema,
    plugins: [usePrepared],
    maskedErrors: false,
    parserAndValidationCache: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    logging: false,
  })
  // A placeholder, because hooks read everything from the context. POST, because Yoga rejects mutations by GET.
  const request = new Request('http://gateway/graphql', { method: 'POST' })

  return async ({ principal, prepared, operationName, variables, usage, signal }) => {
    const bounded = metered(database, { usage, signal, caller: principal.id, scans })
    const pace = createPace({ turns: scans.turn, caller: principal.id, signal })
    const loaders = createLoaders(bounded, projection, { usage, pace, readTokens: has(principal, 'sipis:tokens') })
    const context: Execution = {
      principal,
      loaders: recordNamedSelectors(restrictToPrincipal(loaders, principal), usage),
      database: bounded,
      detected,
      usage,
      allowedSettings,
      prepared,
    }
    const params = { query: '', variables: { ...variables }, ...(operationName == null ? {} : { operationName }) }
    const result = await yoga.getResultForParams({ params, request }, context)
    if (result === undefined || Symbol.asyncIterator in result)
      throw new Error('Execution did not return a single result.')
    if (usage.excess !== undefined) return { errors: [answerTooLarge(usage.excess)] }
    return result.errors === undefined ? result : { ...result, errors: maskErrors(result.errors, options.logger) }
  }
}
