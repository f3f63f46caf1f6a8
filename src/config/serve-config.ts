/** Reads the flags of `serve`, the environment and Settings.xml into one typed value. */

import { Problem } from '../errors/problem.ts'
import type { AuthConfig } from './authentication.ts'
import { authConfig, openGatewayProblems } from './authentication.ts'
import type { DatabaseFlags, DatabaseTarget } from './database-target.ts'
import { findDatabase, findReplicas } from './database-target.ts'
import type { Environment } from './environment.ts'
import { withoutEmpty } from './environment.ts'
import { limitsOf } from './limits.ts'
import type { Limits } from './limits-interface.ts'
import { isLoopback } from './loopback.ts'
import { describeMisspelled, misspelledSettings } from './misspelled-settings.ts'
import type { RateConfig, SharedCounts } from './rate-limits.ts'
import { rateStoreOf, ratesOf } from './rate-limits.ts'
import type { Settings } from './settings.ts'
import { settingsSchema } from './settings.ts'

export interface ServeFlags extends DatabaseFlags {
  readonly host?: string | undefined
  readonly port?: string | undefined
  readonly workers?: string | undefined
  readonly allowWritableRole?: boolean | undefined
  /** Whether the program that embeds the gateway identifies callers itself. */
  readonly ownAuthentication?: boolean | undefined
  /** Whether to wait for a database that cannot be reached yet. */
  readonly wait?: boolean
}

export interface DatabaseLimits {
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  /** Seconds; undefined for no bound. */
  readonly maxReplicationLag: number | undefined
  readonly lookUps: {
    readonly timeoutMs: number
    /** False for connection poolers that use another session for each statement: prepared statements belong to a session. */
    readonly preparedStatements: boolean
  }
}

export interface ServeConfig {
  /** Undefined if no database is configured: the embedded demo is served. */
  readonly database: DatabaseTarget | undefined
  /** Standbys of the database. */
  readonly replicas: readonly DatabaseTarget[]
  readonly databaseLimits: DatabaseLimits
  /** Not validated: only the database server knows its time zones. */
  readonly timeZone: string
  readonly host: string
  readonly port: number
  /** Processes that share the port. */
  readonly workers: number
  /** Whether other machines can connect. */
  readonly beyondLoopback: boolean
  /** How long a gateway goes on taking requests after it was asked to stop. */
  readonly drainMs: number
  readonly logLevel: string
  /** Whether authentication is off. Then only requests to names of this machine are answered. */
  readonly isOpen: boolean
  /** Undefined if authentication is off, or if the embedding program identifies callers. */
  readonly auth: AuthConfig | undefined
  readonly allowWritableRole: boolean
  readonly limits: Limits
  readonly rates: RateConfig
  /** The database in which gateways share the counts of the rate limits; undefined if each counts alone. */
  readonly rateStore: SharedCounts | undefined
  readonly allowedSettings: readonly string[]
  /** Origins of the HTTP servers of SIPIS processes. */
  readonly processes: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly trustedDocuments: { readonly file: string; readonly only: boolean } | undefined
  /** Whether /console is served. */
  readonly hasConsole: boolean
  /** Whether the subgraph for a federation router is served, instead of the API for clients. */
  readonly isSubgraph: boolean
  readonly audit: AuditConfig
  readonly changes: ChangesConfig
  /** `stderr` or the path of a file; undefined for none. */
  readonly accessLog: string | undefined
  /** The OpenTelemetry collector; undefined for no traces. */
  readonly tracesTo: string | undefined
  /** Where metrics are served without a credential; undefined for nowhere. */
  readonly metricsAddress: { readonly host: string; readonly port: number } | undefined
  /** Sentences about variables that have no effect. */
  readonly warnings: readonly string[]
}

export interface ChangesConfig {
  /** Undefined if the process makes a secret of its own. */
  readonly secrets: readonly string[] | undefined
  readonly generation: number
}

export interface AuditConfig {
  /** `stderr` or the path of a file; undefined for none. */
  readonly to: string | undefined
  /** Key of the hashes of selectors; if undefined, the process generates one. */
  readonly key: string | undefined
}

/** @throws Problem that lists all mistakes at once */
export function serveConfig(flags: ServeFlags, environment: Environment): ServeConfig {
  const given = withoutEmpty({
    ...environment,
    ...defined({ HOST: flags.host, PORT: flags.port, WORKERS: flags.workers }),
  })
  const parsed = settingsSchema.safeParse(given)
  const problems = parsed.success ? [] : parsed.error.issues.map(({ message }) => message)
  const misspelled = misspelledSettings(environment)
  problems.push(...openGatewayProblems(given, misspelled))
  const database = collect(problems, () => findDatabase(flags, environment))
  const config = parsed.success ? assemble(parsed.data, flags, environment, problems) : undefined
  if (config === undefined || problems.length > 0) throw new Problem(problems.join('\n'))
  if (database === undefined && config.replicas.length > 0) {
    throw new Problem('DATABASE_REPLICA_URLS is set without a database. Name the primary in DATABASE_URL.')
  }
  const warnings = misspelled.map(describeMisspelled)
  const processes = config.processes.length > 0 ? config.processes : (database?.processes ?? [])
  return { ...config, database, processes, allowWritableRole: flags.allowWritableRole === true, warnings }
}

/** Values that depend on several settings. */
function assemble(
  given: Settings,
  flags: ServeFlags,
  environment: Environment,
  problems: string[],
): Omit<ServeConfig, 'database' | 'allowWritableRole' | 'warnings'> {
  const auth = authConfig(given, problems)
  const isOpen = auth === undefined && flags.ownAuthentication !== true
  const beyondLoopback = !isLoopback(given.HOST)
  if (given.TRUSTED_ONLY && given.TRUSTED_DOCUMENTS === undefined) {
    problems.push(
      'TRUSTED_ONLY is set without TRUSTED_DOCUMENTS, so every request would be refused. Name the manifest.',
    )
  }
  return {
    replicas: collect(problems, () => findReplicas(given.DATABASE_REPLICA_URLS, environment)) ?? [],
    databaseLimits: {
      maxConnections: given.DATABASE_POOL_SIZE,
      connectTimeoutMs: given.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: given.DATABASE_STATEMENT_TIMEOUT_MS,
      maxReplicationLag: given.DATABASE_MAX_REPLICATION_LAG,
      lookUps: {
        timeoutMs: given.DATABASE_LOOKUP_TIMEOUT_MS,
        preparedStatements: given.DATABASE_PREPARED_STATEMENTS,
      },
    },
    timeZone: given.SIPIS_TIME_ZONE,
    host: given.HOST,
    port: given.PORT,
    workers: given.WORKERS,
    beyondLoopback,
    drainMs: given.DRAIN_MS,
    logLevel: given.LOG_LEVEL,
    isOpen,
    auth,
    limits: limitsOf(given, { isOpen, poolSize: given.DATABASE_POOL_SIZE }),
    rates: ratesOf(given, isOpen),
    rateStore: collect(problems, () => rateStoreOf(given, environment)),
    allowedSettings: given.SETTINGS_ALLOW,
    processes: given.SIPIS_HTTP_URLS,
    corsOrigins: given.CORS_ORIGINS,
    trustedProxies: given.TRUST_PROXY,
    trustedDocuments:
      given.TRUSTED_DOCUMENTS === undefined ? undefined : { file: given.TRUSTED_DOCUMENTS, only: given.TRUSTED_ONLY },
    hasConsole: given.CONSOLE,
    isSubgraph: given.FEDERATION_SUBGRAPH,
    audit: auditConfig(given, !isOpen),
    changes: { secrets: given.CHANGES_KEY, generation: given.CHANGES_GENERATION },
    accessLog: given.ACCESS_LOG === 'off' ? undefined : given.ACCESS_LOG,
    tracesTo: given.OTEL_EXPORTER_OTLP_ENDPOINT,
    metricsAddress: metricsAddressOf(given),
  }
}

/** With authentication the audit log is on by default. */
function auditConfig({ AUDIT_LOG, AUDIT_KEY }: Settings, hasPrincipals: boolean): AuditConfig {
  const to = AUDIT_LOG ?? (hasPrincipals ? 'stderr' : 'off')
  return { to: to === 'off' ? undefined : to, key: AUDIT_KEY }
}

function metricsAddressOf({ METRICS_HOST: host, METRICS_PORT: port }: Settings): ServeConfig['metricsAddress'] {
  return port === undefined ? undefined : { host, port }
}

function collect<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problems.push(error.message)
    return undefined
  }
}

function defined(values: Environment): Environment {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
