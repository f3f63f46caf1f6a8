/** The one reader of the environment: what the command line, the environment and Settings.xml say, as one typed value. */
import { z } from 'zod'
import type { AuthConfig } from './config/auth.ts'
import { authConfig, authSettings } from './config/auth.ts'
import { exposureSettings } from './config/exposure.ts'
import type { RateConfig } from './config/limits.ts'
import { limitSettings, limitsOf, rateSettings, ratesOf } from './config/limits.ts'
import { flag, isLoopback, wholeNumber } from './config/values.ts'
import { describeTarget, parseConnectionString } from './connection-string.ts'
import type { ConnectionConfig } from './database/client.ts'
import type { Limits } from './limits/limits.ts'
import type { Misspelled } from './misspelled-settings.ts'
import { describeMisspelled, misspelledSettings } from './misspelled-settings.ts'
import { Problem } from './problem.ts'
import type { SharedCounts } from './server/rate-limit.ts'
import { readSettings } from './settings-xml.ts'

/** Where the database is named. All are optional; what the command line says goes before the environment. */
export interface DatabaseFlags {
  readonly databaseUrl?: string | undefined
  readonly settings?: readonly string[] | undefined
}

export interface ServeFlags extends DatabaseFlags {
  readonly host?: string | undefined
  readonly port?: string | undefined
  readonly allowWritableRole?: boolean | undefined
  /** Whether the program that embeds the gateway identifies callers itself. */
  readonly ownAuthentication?: boolean | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface DatabaseTarget {
  readonly connection: ConnectionConfig
  /** host:port/database, without user and password: fit for a log. */
  readonly label: string
}

export interface DatabaseLimits {
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly lookUps: {
    readonly timeoutMs: number
    /** Connection poolers that hand out another session for each statement cannot keep what was prepared. */
    readonly preparedStatements: boolean
  }
}

export interface ServeConfig {
  /** Undefined where nobody has named a database: then the embedded demo is served. */
  readonly database: DatabaseTarget | undefined
  readonly databaseLimits: DatabaseLimits
  /** As it was given: only the server knows which names are zones. */
  readonly timeZone: string
  readonly host: string
  readonly port: number
  /** Whether other machines can connect. */
  readonly beyondLoopback: boolean
  readonly logLevel: string
  /** Undefined where no credential is asked for. */
  readonly auth: AuthConfig | undefined
  readonly allowWritableRole: boolean
  readonly limits: Limits
  readonly rates: RateConfig
  /** Where gateways share what they have counted for the rate limits. */
  readonly rateStore: SharedCounts | undefined
  readonly allowedSettings: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly trustedDocuments: { readonly file: string; readonly only: boolean } | undefined
  readonly audit: AuditConfig
  /** Sentences about what is set and does nothing. */
  readonly warnings: readonly string[]
}

export interface AuditConfig {
  /** `stderr` or the path of a file; undefined for none. */
  readonly to: string | undefined
  /** Of the hashes of selectors; undefined has one made up for the life of the process. */
  readonly key: string | undefined
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const serveSettings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber('PORT', 0, 65_535, 4000),
  SIPIS_TIME_ZONE: z.string().default('UTC'),
  LOG_LEVEL: z
    .enum(logLevels, {
      error: ({ input }) => `LOG_LEVEL is "${String(input)}"; it must be one of ${logLevels.join(', ')}.`,
    })
    .default('info'),
  DATABASE_POOL_SIZE: wholeNumber('DATABASE_POOL_SIZE', 1, 100, 10),
  DATABASE_CONNECT_TIMEOUT_MS: wholeNumber('DATABASE_CONNECT_TIMEOUT_MS', 100, 60_000, 5_000),
  DATABASE_STATEMENT_TIMEOUT_MS: wholeNumber('DATABASE_STATEMENT_TIMEOUT_MS', 100, 600_000, 10_000),
  DATABASE_LOOKUP_TIMEOUT_MS: wholeNumber('DATABASE_LOOKUP_TIMEOUT_MS', 100, 60_000, 2_000),
  DATABASE_PREPARED_STATEMENTS: flag('DATABASE_PREPARED_STATEMENTS', true),
  ...authSettings,
  ...limitSettings,
  ...rateSettings,
  ...exposureSettings,
})

const settingNames = [...Object.keys(serveSettings.shape), 'DATABASE_URL']

/** Fails with one Problem that names everything that is wrong. */
export function serveConfig(flags: ServeFlags, environment: Environment): ServeConfig {
  const given = { ...environment, ...defined({ HOST: flags.host, PORT: flags.port }) }
  const parsed = serveSettings.safeParse(withoutEmpty(given))
  const problems = parsed.success ? [] : parsed.error.issues.map(({ message }) => message)
  const misspelled = misspelledSettings(environment, settingNames)
  problems.push(...exposureProblems(withoutEmpty(given)), ...openByMistake(withoutEmpty(given), misspelled))
  const database = collect(problems, () => findDatabase(flags, environment))
  const config = parsed.success ? assemble(parsed.data, flags, environment, problems) : undefined
  if (config === undefined || problems.length > 0) throw new Problem(problems.join('\n'))
  const warnings = misspelled.map(describeMisspelled)
  return { ...config, database, allowWritableRole: flags.allowWritableRole === true, warnings }
}

type Given = z.infer<typeof serveSettings>

/** What depends on several settings at once. */
function assemble(
  given: Given,
  flags: ServeFlags,
  environment: Environment,
  problems: string[],
): Omit<ServeConfig, 'database' | 'allowWritableRole' | 'warnings'> {
  const found = authConfig(given, problems)
  const auth = found.jwt === undefined && found.apiKeysFile === undefined ? undefined : found
  const isOpen = auth === undefined && flags.ownAuthentication !== true
  const beyondLoopback = !isLoopback(given.HOST)
  if (given.TRUSTED_ONLY && given.TRUSTED_DOCUMENTS === undefined) {
    problems.push('TRUSTED_ONLY is set, but no TRUSTED_DOCUMENTS: nothing would be answered. Name the manifest.')
  }
  return {
    databaseLimits: {
      maxConnections: given.DATABASE_POOL_SIZE,
      connectTimeoutMs: given.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: given.DATABASE_STATEMENT_TIMEOUT_MS,
      lookUps: {
        timeoutMs: given.DATABASE_LOOKUP_TIMEOUT_MS,
        preparedStatements: given.DATABASE_PREPARED_STATEMENTS,
      },
    },
    timeZone: given.SIPIS_TIME_ZONE,
    host: given.HOST,
    port: given.PORT,
    beyondLoopback,
    logLevel: given.LOG_LEVEL,
    auth,
    limits: limitsOf(given, { open: isOpen, poolSize: given.DATABASE_POOL_SIZE }),
    rates: ratesOf(given, isOpen),
    rateStore: collect(problems, () => rateStoreOf(given, environment)),
    allowedSettings: given.SETTINGS_ALLOW,
    corsOrigins: given.CORS_ORIGINS,
    trustedProxies: given.TRUST_PROXY,
    trustedDocuments:
      given.TRUSTED_DOCUMENTS === undefined ? undefined : { file: given.TRUSTED_DOCUMENTS, only: given.TRUSTED_ONLY },
    audit: auditConfig(given, !isOpen),
  }
}

/** A gateway that asks for no credential because the name of a setting is wrong does not start. */
function openByMistake(given: Environment, misspelled: readonly Misspelled[]): string[] {
  if (asksForCredentials(given)) return []
  return misspelled
    .filter(({ isAuthentication }) => isAuthentication)
    .map(
      (one) =>
        `Refused (misspelled-authentication): ${describeMisspelled(one)} Without AUTH_JWKS_URL, AUTH_JWKS_FILE or API_KEYS_FILE ` +
        'no credential would be asked for. Correct the name, or unset the variable.',
    )
}

function asksForCredentials({ AUTH_JWKS_URL, AUTH_JWKS_FILE, API_KEYS_FILE }: Environment): boolean {
  return (AUTH_JWKS_URL ?? AUTH_JWKS_FILE ?? API_KEYS_FILE) !== undefined
}

/** Told whatever else is wrong. */
function exposureProblems(given: Environment): string[] {
  const { HOST = '127.0.0.1' } = given
  if (isLoopback(HOST) || asksForCredentials(given)) return []
  return [
    `Refused (open-beyond-loopback): HOST is ${HOST}, where other machines could read every call history without a credential. Set ` +
      'AUTH_JWKS_URL, AUTH_JWKS_FILE or API_KEYS_FILE (docs/security.md), or listen on 127.0.0.1.',
  ]
}

function rateStoreOf(
  { RATE_LIMIT_DATABASE_URL: url, RATE_LIMIT_SECRET: secret }: Given,
  environment: Environment,
): SharedCounts | undefined {
  if (url === undefined) return undefined
  const connection = parseConnectionString(url, 'RATE_LIMIT_DATABASE_URL', environment)
  if (secret !== undefined) return { connection, secret }
  throw new Problem(
    'RATE_LIMIT_DATABASE_URL is set without RATE_LIMIT_SECRET, so callers could predict whose counter they share. ' +
      'Set it to the same text for all gateways: openssl rand -hex 32 makes a good one.',
  )
}

/** Where there are principals to tell apart, what they did is written down unless that is switched off. */
function auditConfig({ AUDIT_LOG, AUDIT_KEY }: Given, hasPrincipals: boolean): AuditConfig {
  const to = AUDIT_LOG ?? (hasPrincipals ? 'stderr' : 'off')
  return { to: to === 'off' ? undefined : to, key: AUDIT_KEY }
}

/** The file of API keys, for the commands that change it. */
export function requireApiKeysFile(file: string | undefined, environment: Environment): string {
  const path = file ?? withoutEmpty(environment)['API_KEYS_FILE']
  if (path !== undefined) return path
  throw new Problem(
    ['No file of API keys is named. Give --file keys.jsonl, or set API_KEYS_FILE.', ...hints(environment)].join('\n'),
  )
}

/** The database of a command that cannot do without one. */
export function requireDatabase(flags: DatabaseFlags, environment: Environment): DatabaseTarget {
  const target = findDatabase(flags, environment)
  if (target !== undefined) return target
  throw new Problem(
    [
      'No database is named. Set DATABASE_URL to its URL, postgres://user:password@host:5432/sipis, or give --database-url.',
      ...hints(environment),
    ].join('\n'),
  )
}

function hints(environment: Environment): string[] {
  return misspelledSettings(environment, settingNames).map(describeMisspelled)
}

/** The database that one name stands for: a Settings.xml, or a connection string. */
export function databaseAt(name: string, where: string, isSettings: boolean, environment: Environment): DatabaseTarget {
  return isSettings ? fromSettings([name], environment) : target(name, where, environment)
}

function findDatabase(flags: DatabaseFlags, environment: Environment): DatabaseTarget | undefined {
  const { databaseUrl, settings } = flags
  if (databaseUrl !== undefined && settings !== undefined) {
    throw new Problem('Both --database-url and --settings name a database. Give one of them.')
  }
  if (databaseUrl !== undefined) return target(databaseUrl, '--database-url', environment)
  if (settings !== undefined) return fromSettings(settings, environment)
  const { DATABASE_URL } = withoutEmpty(environment)
  return DATABASE_URL === undefined ? undefined : target(DATABASE_URL, 'DATABASE_URL', environment)
}

function target(text: string, where: string, environment: Environment): DatabaseTarget {
  const connection = parseConnectionString(text, where, environment)
  return { connection, label: describeTarget(connection) }
}

/** Several settings are several SIPIS processes, which share one database. */
function fromSettings(paths: readonly string[], environment: Environment): DatabaseTarget {
  const targets = readSettings(paths).map(({ file, openString }) => {
    if (openString === undefined) {
      throw new Problem(`${file} names no database. Check Database[OpenString] in it and in its Defaults.`)
    }
    return { file, ...target(openString, `Database[OpenString] of ${file}`, environment) }
  })
  const [first, ...others] = targets
  if (first === undefined) throw new Problem('No settings file is given. Name one behind --settings.')
  const other = others.find(({ label }) => label !== first.label)
  if (other === undefined) return first
  throw new Problem(
    `The settings name different databases: ${first.file} ${first.label}, ${other.file} ${other.label}. ` +
      'Run one gateway for each database.',
  )
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

/** An empty variable is as good as none: container set-ups often have them. */
function withoutEmpty(values: Environment): Environment {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''))
}
