import type { RequestListener } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { execute } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { createYoga } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Authenticate } from '../auth/authenticate.ts'
import { openAuthenticate } from '../auth/authenticate.ts'
import { throughDoors } from '../auth/doors.ts'
import { has } from '../auth/principal.ts'
import type { Database } from '../database/database.ts'
import { openScans } from '../database/scans.ts'
import type { Context } from '../graph/context.ts'
import { schema } from '../graph/schema.ts'
import type { PreparedDocument } from '../limits/documents.ts'
import { openDocuments } from '../limits/documents.ts'
import type { Limits } from '../limits/limits.ts'
import { defaultLimits } from '../limits/limits.ts'
import { answerTooLarge } from '../limits/too-costly.ts'
import { openLoaders } from '../loaders/loaders.ts'
import { metered } from '../loaders/metered.ts'
import { noted } from '../loaders/noted.ts'
import { openPace } from '../loaders/pace.ts'
import type { Detected } from '../versions/detect.ts'
import { projectionOf } from '../versions/detect.ts'
import { openAdmission } from './admission.ts'
import type { Audit } from './audit.ts'
import { openClientAddress } from './client-address.ts'
import { maskErrors } from './errors.ts'
import type { Example } from './graphiql.ts'
import { openPage } from './graphiql.ts'
import type { Operation } from './graphql-endpoint.ts'
import { openEndpoint } from './graphql-endpoint.ts'
import { openHealth } from './health.ts'
import type { RateLimitOptions } from './rate-limit.ts'
import { openRateLimits } from './rate-limit.ts'
import { openRefusedCredentials } from './refused-credentials.ts'
import { createListener } from './request-listener.ts'
import type { TrustedDocumentsOptions } from './trusted-documents.ts'
import { openTrustedDocuments } from './trusted-documents.ts'

export interface GatewayOptions {
  readonly database: Database
  readonly detected: Detected
  readonly timeZone: string
  readonly logger: Logger
  readonly example: Example
  /** Undefined lets everybody in, and answers to names of this machine only. */
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

/** What Yoga's hooks find in their context. */
interface Execution extends Context {
  readonly prepared: PreparedDocument
}

/** The API over one database, as a listener for node:http. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, detected, logger } = options
  const limits = { ...defaultLimits, ...options.limits }
  const rateLimits = await openRateLimits({ ...unlimited, ...options.rateLimits })
  const documents = openDocuments(schema, limits, { 'Selector.settings': options.allowedSettings?.length ?? 0 })
  const endpoint = openEndpoint({
    authenticate: options.authenticate ?? openAuthenticate({ jwt: undefined, apiKey: undefined }),
    addressOf: openClientAddress(options.trustedProxies ?? []),
    rateLimits,
    admission: openAdmission(limits),
    documents,
    trustedDocuments: openTrustedDocuments(options.trustedDocuments ?? { manifest: {}, only: false }, documents),
    limits,
    audit: options.audit ?? (() => undefined),
    execute: openExecute(options, limits),
    page: openPage(options.example),
  })
  const handle = createListener({
    endpoint,
    health: openHealth(database, detected),
    corsOrigins: options.corsOrigins ?? [],
    open: options.authenticate === undefined,
    refusedCredentials: openRefusedCredentials(logger),
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
 * Documents are parsed and validated before Yoga gets them. Yoga runs its plugins and masks errors; graphql-js executes, because
 * it is the reference that answers are compared with.
 */
const usePrepared: Plugin<Execution, Execution, Execution> = {
  onParse: ({ context, setParsedDocument }) => setParsedDocument(context.prepared.document),
  onValidate: ({ setResult }) => setResult([]),
  onExecute: ({ setExecuteFn }) => setExecuteFn((given) => execute({ ...given, options: { maxCoercionErrors } })),
}

/** An error of a variable may repeat its whole value. */
export const maxCoercionErrors = 5

function openExecute(options: GatewayOptions, limits: Limits): (operation: Operation) => Promise<ExecutionResult> {
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
  // Hooks are given no request of their own: all that matters of it is in the context.
  // By GET Yoga would refuse a mutation with the advice to use POST.
  const request = new Request('http://gateway/graphql', { method: 'POST' })

  return async ({ principal, prepared, operationName, variables, usage, signal }) => {
    const bounded = metered(database, { usage, signal, caller: principal.id, scans })
    const pace = openPace({ turns: scans.turn, caller: principal.id, signal })
    const loaders = openLoaders(bounded, projection, { usage, pace, readTokens: has(principal, 'sipis:tokens') })
    const context: Execution = {
      principal,
      loaders: noted(throughDoors(loaders, principal), usage),
      database: bounded,
      detected,
      usage,
      allowedSettings,
      prepared,
    }
    const params = { query: '', variables: { ...variables }, ...(operationName == null ? {} : { operationName }) }
    const result = await yoga.getResultForParams({ params, request }, context)
    if (result === undefined || Symbol.asyncIterator in result) throw new Error('An operation gave no single answer.')
    if (usage.excess !== undefined) return { errors: [answerTooLarge(usage.excess)] }
    return result.errors === undefined ? result : { ...result, errors: maskErrors(result.errors, options.logger) }
  }
}
