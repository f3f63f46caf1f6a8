import type { RequestListener } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import type { Authenticate } from '../auth/authenticate.ts'
import { createAuthenticate } from '../auth/authenticate.ts'
import { defaultLimits } from '../config/limits.ts'
import type { Limits } from '../config/limits-interface.ts'
import type { Database } from '../database/database.ts'
import { createDocuments } from '../documents/documents.ts'
import { createExecutor } from '../execution/execute.ts'
import type { Run } from '../execution/run.ts'
import { createRunPlanned } from '../execution/run-planned.ts'
import { openRunWithPlugins } from '../execution/run-with-plugins.ts'
import { printSdl, schema } from '../graph/schema.ts'
import { federationSubgraph } from '../graph/subgraph/schema.ts'
import type { Listen } from '../live/hints.ts'
import { createHints } from '../live/hints.ts'
import type { TokenOptions } from '../live/tokens.ts'
import { createTokens } from '../live/tokens.ts'
import { prepareChanges } from '../loaders/changes.ts'
import { createRecentCounts } from '../loaders/recent-counts.ts'
import type { Processes } from '../processes/processes.ts'
import type { Detected } from '../sipis/detect.ts'
import { channel, hasTriggers } from '../sipis/notification.ts'
import { projectionOf } from '../sipis/versions.ts'
import type { Observe } from '../telemetry/observation.ts'
import { createConsole } from './console/console.ts'
import { createConsoleDocuments } from './console/documents.ts'
import { createEndpoint } from './graphql/endpoint.ts'
import type { Example } from './graphql/graphiql.ts'
import { createPage } from './graphql/graphiql.ts'
import { createStreams } from './graphql/streams.ts'
import type { TrustedDocumentsOptions } from './graphql/trusted-documents.ts'
import { createTrustedDocuments } from './graphql/trusted-documents.ts'
import type { Audit } from './operations/audit.ts'
import { databaseChecks } from './operations/database-checks.ts'
import { createHealth } from './operations/health.ts'
import type { PrintMetrics } from './operations/metrics.ts'
import { createMetrics, guardMetrics, listenForMetrics } from './operations/metrics.ts'
import type { Check } from './operations/ready.ts'
import { createReadiness } from './operations/ready.ts'
import { createSchemaEndpoint } from './operations/schema.ts'
import { createCountSipis } from './operations/sipis-counts.ts'
import { observeProcesses } from './operations/sipis-processes.ts'
import { createListener } from './request-listener.ts'
import { createAdmission } from './traffic/admission.ts'
import { createClientAddress } from './traffic/client-address.ts'
import type { RateLimitOptions } from './traffic/rate-limit.ts'
import { openRateLimits } from './traffic/rate-limit.ts'
import { createUnsent } from './traffic/unsent.ts'
import type { UpgradeListener } from './upgrade.ts'
import type { SocketTimes } from './websocket/session.ts'
import { createSockets } from './websocket/sockets.ts'

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
  readonly changes?: TokenOptions | undefined
  /** Asks the SIPIS processes; by default there are none. */
  readonly processes?: Processes | undefined
  /** Whether the subgraph for a federation router is served, instead of the API for clients. */
  readonly isSubgraph?: boolean | undefined
  /** Whether /console is served. Never beside the subgraph. */
  readonly hasConsole?: boolean | undefined
  readonly trustedDocuments?: Pick<TrustedDocumentsOptions, 'manifest' | 'only'> | undefined
  readonly trustedProxies?: readonly string[] | undefined
  readonly corsOrigins?: readonly string[] | undefined
  readonly audit?: Audit | undefined
  /** Plugins of Yoga, which execute queries if there are any. */
  readonly plugins?: readonly object[] | undefined
  /** Milliseconds after which a client that reads nothing of its answer is disconnected. */
  readonly stalledMs?: number | undefined
  /** For tests. */
  readonly socketTimes?: Partial<SocketTimes> | undefined
  /** Runs an operation of a socket in a trace of its own. */
  readonly trace?: (<T>(work: () => T) => T) | undefined
  /** What /ready looks at beside the database. */
  readonly checks?: readonly Check[] | undefined
  /** What /metrics answers; by default nothing. */
  readonly printMetrics?: PrintMetrics | undefined
  /** What /metrics answers in one of several workers: those of all of them, which the process that starts them counts and prints. */
  readonly printMetricsOfAll?: PrintMetrics | undefined
}

export interface Gateway extends AsyncDisposable {
  readonly handle: RequestListener
  /** Makes WebSockets of upgrades to /graphql, and answers all others as requests. */
  readonly handleUpgrade: UpgradeListener
  /** /metrics without authentication, for a port of its own. */
  readonly handleMetrics: RequestListener
  /** Counts what the metrics say of SIPIS, at most once a minute. Takes at most a few seconds. */
  countForMetrics(): Promise<void>
  readonly limits: Limits
  /** Has /ready say that the gateway is about to stop, and ends streams and sockets. Requests are answered as before. */
  drain(): void
  /** Serves other tables from now on. Operations that run go on with those before. */
  serve(detected: Detected): void
}

/**
 * Creates the API for one database, as a request listener for node:http.
 *
 * @throws DatabaseError if the shared rate limit store cannot be opened
 * @throws Problem if a trusted document is invalid
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, observe } = options
  const limits = { ...defaultLimits, ...options.limits }
  const rateLimits = await openRateLimits({ ...unlimited, ...options.rateLimits }, observe)
  const api = servedApi(options)
  const documents = createDocuments(api.schema, limits, { allowedSettings: options.allowedSettings?.length ?? 0 })
  const guards = {
    authenticate: options.authenticate ?? createAuthenticate({ jwt: undefined, apiKey: undefined }),
    addressOf: createClientAddress(options.trustedProxies ?? []),
    rateLimits,
  }
  const streams = createStreams(limits, observe)
  const served = serveTables(options, api.schema, await openRun(api.schema, options.plugins ?? []), limits)
  const operations = {
    ...guards,
    admission: createAdmission(limits, observe),
    unsent: createUnsent(limits, observe),
    documents,
    trustedDocuments: createTrustedDocuments(trustedBy(options), documents),
    limits,
    audit: options.audit ?? (() => undefined),
    executor: () => served.now.executor,
    streams,
    observe,
  }
  const endpoint = createEndpoint({
    ...operations,
    page: createPage(options.isSubgraph === true ? undefined : options.example, options.authenticate === undefined),
  })
  const stalledMs = options.stalledMs ?? defaultStalledMs
  const trace = options.trace ?? ((work) => work())
  const sockets = createSockets({ ...operations, stalledMs, times: options.socketTimes, trace })
  const readiness = createReadiness([...databaseChecks(database), ...(options.checks ?? [])])
  const askProcesses = () => observeProcesses(options.processes ?? noProcesses, observe)
  const countForMetrics = async () => void (await Promise.all([served.now.countSipis(), askProcesses()]))
  const metrics = metricsOf(options, countForMetrics)
  const listeners = createListener({
    endpoint,
    sockets,
    metrics: guardMetrics(metrics, guards),
    schema: createSchemaEndpoint(guards, api.print),
    console: servesConsole(options) ? createConsole(guards) : undefined,
    health: createHealth(database, () => served.now.detected),
    readiness,
    corsOrigins: options.corsOrigins ?? [],
    isOpen: options.authenticate === undefined,
    stalledMs,
    observe,
  })
  return {
    ...listeners,
    handleMetrics: listenForMetrics(metrics, observe),
    countForMetrics,
    limits,
    drain() {
      readiness.drain()
      streams.drain()
      sockets.drain()
    },
    serve: served.change,
    async [Symbol.asyncDispose]() {
      streams.drain()
      sockets[Symbol.dispose]()
      await served.hints[Symbol.asyncDispose]()
      await rateLimits[Symbol.asyncDispose]()
    },
  }
}

function metricsOf({ printMetrics, printMetricsOfAll }: GatewayOptions, count: () => Promise<void>) {
  if (printMetricsOfAll !== undefined) return createMetrics({ print: printMetricsOfAll, count: async () => undefined })
  return createMetrics({ print: printMetrics ?? (async () => ''), count })
}

/** The console asks by the names of the API for clients. */
function servesConsole({ hasConsole = false, isSubgraph = false }: GatewayOptions): boolean {
  return hasConsole && !isSubgraph
}

function trustedBy(options: GatewayOptions): TrustedDocumentsOptions {
  const given = options.trustedDocuments ?? { manifest: {}, only: false }
  return servesConsole(options) ? { ...given, ofConsole: createConsoleDocuments() } : given
}

/** Milliseconds after which a client that reads nothing is disconnected. */
const defaultStalledMs = 10_000

const noProcesses: Processes = async () => []

const unlimited: RateLimitOptions = {
  costPerMinute: undefined,
  requestsPerMinute: undefined,
  shared: undefined,
}

/** What depends on the tables, which may change while the gateway runs. */
function serveTables(options: GatewayOptions, schemaOfApi: GraphQLSchema, run: Run, limits: Limits) {
  const changeTokens = createTokens(options.changes ?? {})
  const hints = createHints(() => now.changes, { listen: listenWhereInstalled(options.database) })
  const { database, timeZone, allowedSettings = [] } = options
  const serving = (detected: Detected) => {
    const projection = projectionOf(detected.version, { ...detected, timeZone })
    return {
      detected,
      changes: prepareChanges(projection)(database),
      executor: createExecutor({
        ...options,
        schema: schemaOfApi,
        run,
        detected,
        limits,
        allowedSettings,
        processes: options.processes ?? noProcesses,
        changeTokens,
        hints,
      }),
      countSipis: createCountSipis(createRecentCounts(database, projection), options.observe),
    }
  }
  let now = serving(options.detected)
  return {
    hints,
    get now() {
      return now
    },
    change(detected: Detected) {
      now = serving(detected)
      hints.wakeAll()
    },
  }
}

/** Plugins see each value, so nothing is printed for them. */
async function openRun(schema: GraphQLSchema, plugins: readonly object[]): Promise<Run> {
  return plugins.length === 0 ? createRunPlanned(schema) : openRunWithPlugins(schema, plugins)
}

/** Listening takes a connection, so it needs triggers that notify. */
function listenWhereInstalled(database: Database): Listen {
  return async (heard) => ((await hasTriggers(database)) ? database.listen?.(channel, heard) : undefined)
}

function servedApi({ isSubgraph = false }: GatewayOptions) {
  if (!isSubgraph) return { schema, print: printSdl }
  const subgraph = federationSubgraph()
  return { schema: subgraph.schema, print: () => subgraph.sdl }
}
