/** Opens everything that a gateway needs, and checks what it finds before anything is served. */
import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { Authenticate } from './auth/authenticate.ts'
import type { ConfiguredAuthentication } from './auth/configured.ts'
import { configuredAuthentication } from './auth/configured.ts'
import { closeWithin } from './concurrency/close-within.ts'
import type { ServeConfig } from './config/serve-config.ts'
import { orProblem } from './database/connect-problem.ts'
import type { Database } from './database/database.ts'
import { openReplicated } from './database/replicas/open.ts'
import { isUnreadable } from './errors/database-error.ts'
import { createGateway } from './http/gateway.ts'
import type { Example } from './http/graphql/graphiql.ts'
import { readManifest } from './http/graphql/trusted-manifest.ts'
import { createAudit } from './http/operations/audit.ts'
import { replicationCheck } from './http/operations/replication-check.ts'
import type { UpgradeListener } from './http/upgrade.ts'
import type { Order } from './loaders/keyset.ts'
import { windowOf } from './loaders/keyset.ts'
import { createLoaders } from './loaders/loaders.ts'
import { createUsage } from './loaders/usage.ts'
import { createProcesses } from './processes/processes.ts'
import type { Detected } from './sipis/detect.ts'
import { detect } from './sipis/detect.ts'
import { describeDuplicates, findDuplicates } from './sipis/duplicates.ts'
import type { SelectorRow } from './sipis/projection.ts'
import { newestVersion } from './sipis/schema-version.ts'
import type { SchemaWatch } from './sipis/schema-watch.ts'
import { watchSchema } from './sipis/schema-watch.ts'
import { findTimeZone } from './sipis/time-zone.ts'
import { projectionOf } from './sipis/versions.ts'
import { createAccessLog } from './telemetry/access-log.ts'
import { openAccessFile, openAuditFile } from './telemetry/append-file.ts'
import type { MetricValues } from './telemetry/instruments.ts'
import { createJsonLines } from './telemetry/json-lines.ts'
import type { LineFile } from './telemetry/line-file.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { Observe } from './telemetry/observation.ts'
import { ignore } from './telemetry/observation.ts'
import type { Traces } from './telemetry/traces.ts'
import { judgeAccess } from './tools/check/judge-access.ts'
import type { Role } from './tools/check/role.ts'
import { findRole } from './tools/check/role.ts'

/** A gateway that is ready to answer requests. */
export interface Service extends AsyncDisposable {
  readonly handle: RequestListener
  /** Makes WebSockets of upgrades to /graphql, and answers all others as requests. */
  readonly handleUpgrade: UpgradeListener
  /** /metrics without authentication, for a port of its own. */
  readonly handleMetrics: RequestListener
  readonly detected: Detected
  /**
   * What the metrics are now, for the process that adds up those of several workers.
   *
   * @param counts whether to count what they say of SIPIS
   */
  metricValues(counts: boolean): Promise<MetricValues>
  /** A selector and a caller that exist, for ready-made queries. */
  readonly example: Example
  /** Has /ready say that the gateway is about to stop, and ends streams and sockets. */
  drain(): void
  /** Opens files anew that were renamed. */
  reopenFiles(): void
  /** Closes everything, the database last. Each part has a moment; what takes longer is observed and left. */
  close(): Promise<void>
}

export interface ServiceOptions {
  readonly config: ServeConfig
  readonly observe: Observe
  /** Where the audit log goes unless it has a file. */
  readonly standardError: LineFile
  /** Called before the demo database is made, which takes seconds. */
  readonly onDemo?: () => void
  /** What /metrics answers in one of several workers. */
  readonly printMetricsOfAll?: (() => Promise<string>) | undefined
  /** Identifies callers instead of what `config` names. */
  readonly authenticate?: Authenticate | undefined
  /** Plugins of Yoga. */
  readonly plugins?: readonly object[] | undefined
}

/**
 * Connects to the database, detects its schema, and refuses a role that may write where other machines can connect.
 *
 * @throws Problem that says what to do; everything opened before is closed
 */
export async function openService(options: ServiceOptions): Promise<Service> {
  const opened: Part[] = []
  const close = async () => {
    for (const { name, part } of opened.splice(0).reverse()) await closePart(name, part, options.observe)
  }
  const keep: Keep = (name, part) => {
    opened.push({ name, part })
    return part
  }
  try {
    return { ...(await openParts(options, keep)), close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Part {
  readonly name: string
  readonly part: AsyncDisposable
}

/** Has a part closed at the end, the last one first. */
type Keep = <T extends AsyncDisposable>(name: string, part: T) => T

/** What stopping takes at most is the sum of the parts: cli/serve.ts counts with it. */
const closePartMs = 750

async function closePart(name: string, part: AsyncDisposable, observe: Observe): Promise<void> {
  try {
    if (!(await closeWithin(closePartMs, part))) observe({ kind: 'closeTimedOut', part: name })
  } catch (error) {
    observe({ kind: 'warning', message: `Closing failed: ${name}`, cause: String(error) })
  }
}

async function openParts(
  { config, observe: log, standardError, onDemo, authenticate: own, plugins, printMetricsOfAll }: ServiceOptions,
  keep: Keep,
): Promise<Omit<Service, 'close' | keyof AsyncDisposable>> {
  const metrics = createMetrics()
  const traces = await openTraces(config, keep)
  const access = keep('access log', openAccessLog(config, standardError, log))
  const toListeners = toAll(log, metrics.observe, access.observe, traces?.observe)
  let schema: SchemaWatch | undefined
  const observe: Observe = (observation) => {
    toListeners(observation)
    if (observation.kind === 'operationFailed' && isUnreadable(observation.sqlstate)) schema?.look()
  }
  const configured = own === undefined ? authenticationOf(config, observe) : undefined
  const trustedDocuments = trustedBy(config)
  const label = config.database?.label ?? 'the embedded demo'
  const audit = keep('audit log', openAuditLog(config, standardError, observe))
  if (config.database === undefined) onDemo?.()
  const { database } = keep('database', await open(config, observe))
  const { detected, timeZone, example, role } = await orProblem(label, () => inspect(database, config))
  if (config.database !== undefined)
    await orProblem(label, () => judgeAccess(role, database, detected, config, warningTo(observe)))
  const { handle, handleUpgrade, handleMetrics, countForMetrics, drain, serve } = keep(
    'rate store',
    await orProblem('RATE_LIMIT_STORE_URL', () =>
      createGateway({
        ...config,
        database,
        detected,
        timeZone,
        observe,
        example,
        authenticate: own ?? configured?.authenticate,
        plugins,
        checks: [
          ...(configured === undefined ? [] : [{ name: 'credentials', check: configured.problem }]),
          // The sentence is for the log: the answer is public.
          replicationCheck(database, config.databaseLimits.maxReplicationLag),
          { name: 'schema', check: async () => (schema?.problem === undefined ? undefined : 'see the log') },
        ],
        processes: createProcesses(config.processes),
        trustedDocuments,
        rateLimits: { ...config.rates, shared: config.rateStore },
        audit: audit.write,
        printMetrics: metrics.print,
        printMetricsOfAll,
        trace: traces?.run,
      }),
    ),
  )
  schema = keep('schema watch', watchSchema({ database, detected, observe, onChange: serve }))
  const looking = warnOfDuplicates(database, detected, observe)
  keep('search for duplicate rows', { [Symbol.asyncDispose]: () => looking })
  return {
    handle: traces?.follow(handle) ?? handle,
    handleUpgrade,
    handleMetrics,
    async metricValues(counts) {
      if (counts) await countForMetrics()
      return metrics.values()
    },
    detected,
    example,
    drain,
    reopenFiles() {
      audit.reopen()
      access.reopen()
    },
  }
}

function toAll(...given: readonly (Observe | undefined)[]): Observe {
  const listeners = given.filter((listener) => listener !== undefined)
  return (observation) => {
    for (const listener of listeners) listener(observation)
  }
}

function authenticationOf({ auth }: ServeConfig, observe: Observe): ConfiguredAuthentication | undefined {
  return auth === undefined ? undefined : configuredAuthentication(auth, warningTo(observe))
}

function trustedBy({ trustedDocuments: trusted }: ServeConfig) {
  return trusted === undefined ? undefined : { manifest: readManifest(trusted.file), only: trusted.only }
}

/** Reads whole tables of a database that lacks keys, so nothing waits for it but the end. */
async function warnOfDuplicates(database: Database, detected: Detected, observe: Observe): Promise<void> {
  const warn = warningTo(observe)
  try {
    for (const found of await findDuplicates(database, detected, 2_000)) warn(describeDuplicates(found))
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    observe({ kind: 'warning', message: 'The search for duplicate rows failed', cause })
  }
}

interface Opened extends AsyncDisposable {
  readonly database: Database
}

async function open({ database: target, replicas, databaseLimits }: ServeConfig, observe: Observe): Promise<Opened> {
  const database =
    target === undefined
      ? await openDemo()
      : openReplicated(target, replicas, { ...databaseLimits, applicationName: 'sipis-gateway', observe })
  return { database, [Symbol.asyncDispose]: () => database.close() }
}

/** The embedded database is large, so it is loaded only where it is used. */
async function openDemo(): Promise<Database> {
  const demo = await import('./tools/demo/demo-database.ts')
  return demo.openDemo(newestVersion, { upTo: new Date() })
}

async function inspect(
  database: Database,
  config: ServeConfig,
): Promise<{ detected: Detected; timeZone: string; example: Example; role: Role }> {
  const detected = await detect(database)
  const timeZone = await findTimeZone(database, config.timeZone)
  // With authentication, a caller may see GraphiQL and not the selector of the example.
  const example = config.isOpen ? await findExample(database, detected, timeZone) : { selector: '', username: '' }
  return { detected, timeZone, example, role: await findRole(database, detected.schemas) }
}

/** Something that exists, for the ready queries. */
async function findExample(database: Database, detected: Detected, timeZone: string): Promise<Example> {
  const { projection, selectors, calls } = createLoaders(
    database,
    projectionOf(detected.version, { ...detected, timeZone }),
    { usage: createUsage(Number.POSITIVE_INFINITY), readTokens: false },
  )
  const order: Order<SelectorRow> = {
    name: 'selectorsByLastSeen',
    columns: projection.selectors.order,
    descending: true,
  }
  const [owner] = (await selectors.page({}, windowOf(order, { first: 1 }))).rows
  if (owner === undefined) return { selector: '', username: '' }
  const window = windowOf({ name: 'calls', columns: projection.calls.order, descending: true }, { first: 1 })
  const [call] = (await calls.pageOf(owner, { conditions: [], signature: '', window })).rows
  return { selector: owner.selector, username: call?.username ?? '' }
}

/** A log beside that of the process: a file of its own, or standard error. */
interface SideLog extends AsyncDisposable {
  readonly lines: LineFile
  reopen(): void
}

function openSideLog(to: string, standardError: LineFile, openFile: (path: string) => LineFile): SideLog {
  const own = to === 'stderr' ? undefined : openFile(to)
  return {
    lines: own ?? standardError,
    reopen: () => own?.reopen(),
    [Symbol.asyncDispose]: async () => own?.[Symbol.asyncDispose](),
  }
}

/** In place of a log that is switched off. */
const noLog = { reopen: () => undefined, [Symbol.asyncDispose]: async () => undefined }

function openAuditLog({ audit: { to, key }, workers }: ServeConfig, standardError: LineFile, observe: Observe) {
  if (to === undefined) return { ...noLog, write: () => undefined }
  const log = openSideLog(to, standardError, (path) => openAuditFile(path, observe, workers > 1))
  return { ...log, write: createAudit(createJsonLines(log.lines), key ?? randomBytes(32)) }
}

function openAccessLog({ accessLog: to, workers }: ServeConfig, standardError: LineFile, observe: Observe) {
  if (to === undefined) return { ...noLog, observe: ignore }
  const log = openSideLog(to, standardError, (path) => openAccessFile(path, observe, workers > 1))
  return { ...log, observe: createAccessLog((line) => log.lines.write(line)) }
}

/** OpenTelemetry takes a third of a second to load, so it is loaded only where it is used. */
async function openTraces({ tracesTo }: ServeConfig, keep: Keep): Promise<Traces | undefined> {
  if (tracesTo === undefined) return undefined
  const traces = await import('./telemetry/traces.ts')
  return keep('traces', await traces.openTraces(tracesTo))
}

function warningTo(observe: Observe): (message: string) => void {
  return (message) => observe({ kind: 'warning', message })
}
