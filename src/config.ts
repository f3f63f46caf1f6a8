/** The one reader of the environment: what the command line, the environment and Settings.xml say, as one typed value. */
import type { ClientConfig } from 'pg'
import { z } from 'zod'
import { describeTarget, parseConnectionString } from './connection-string.ts'
import { Problem } from './problem.ts'
import { readSettings } from './settings-xml.ts'

/** Where the database is named. All are optional; what the command line says goes before the environment. */
export interface DatabaseFlags {
  readonly databaseUrl?: string | undefined
  readonly settings?: readonly string[] | undefined
}

export interface ServeFlags extends DatabaseFlags {
  readonly host?: string | undefined
  readonly port?: string | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface DatabaseTarget {
  readonly connection: ClientConfig
  /** host:port/database, without user and password: fit for a log. */
  readonly label: string
}

export interface DatabaseLimits {
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
}

export interface ServeConfig {
  /** Undefined where nobody has named a database: then the embedded demo is served. */
  readonly database: DatabaseTarget | undefined
  readonly limits: DatabaseLimits
  readonly timeZone: string
  readonly host: string
  readonly port: number
  readonly logLevel: string
}

const wholeNumber = (name: string, min: number, max: number, fallback: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: ({ input }) => `${name} is "${String(input)}"; it must be a whole number from ${min} to ${max}.`,
    })
    .transform(Number)
    .default(fallback)

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const serveSettings = z.object({
  HOST: z
    .string()
    .refine(isLoopback, {
      error: ({ input }) =>
        `HOST is "${String(input)}", but the gateway has no authentication yet, so it listens on this machine only. ` +
        'Use 127.0.0.1, ::1 or localhost.',
    })
    .default('127.0.0.1'),
  PORT: wholeNumber('PORT', 0, 65_535, 4000),
  SIPIS_TIME_ZONE: z
    .string()
    .refine(isTimeZone, {
      error: ({ input }) =>
        `SIPIS_TIME_ZONE is "${String(input)}", which is no time zone; write it like UTC or Europe/Prague.`,
    })
    .default('UTC'),
  LOG_LEVEL: z
    .enum(logLevels, {
      error: ({ input }) => `LOG_LEVEL is "${String(input)}"; it must be one of ${logLevels.join(', ')}.`,
    })
    .default('info'),
  DATABASE_POOL_SIZE: wholeNumber('DATABASE_POOL_SIZE', 1, 100, 10),
  DATABASE_CONNECT_TIMEOUT_MS: wholeNumber('DATABASE_CONNECT_TIMEOUT_MS', 100, 60_000, 5_000),
  DATABASE_STATEMENT_TIMEOUT_MS: wholeNumber('DATABASE_STATEMENT_TIMEOUT_MS', 100, 600_000, 10_000),
})

/** Fails with one Problem that names everything that is wrong. */
export function serveConfig(flags: ServeFlags, environment: Environment): ServeConfig {
  const given = { ...environment, ...defined({ HOST: flags.host, PORT: flags.port }) }
  const parsed = serveSettings.safeParse(withoutEmpty(given))
  const problems = parsed.success ? [] : parsed.error.issues.map(({ message }) => message)
  const database = collect(problems, () => findDatabase(flags, environment))
  if (!parsed.success || problems.length > 0) throw new Problem(problems.join('\n'))
  const { HOST, PORT, SIPIS_TIME_ZONE, LOG_LEVEL, ...limits } = parsed.data
  return {
    database,
    limits: {
      maxConnections: limits.DATABASE_POOL_SIZE,
      connectTimeoutMs: limits.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeoutMs: limits.DATABASE_STATEMENT_TIMEOUT_MS,
    },
    timeZone: SIPIS_TIME_ZONE,
    host: HOST,
    port: PORT,
    logLevel: LOG_LEVEL,
  }
}

/** The database of a command that cannot do without one. */
export function requireDatabase(flags: DatabaseFlags, environment: Environment): DatabaseTarget {
  const target = findDatabase(flags, environment)
  if (target !== undefined) return target
  throw new Problem(
    'No database is named. Give --database-url postgres://user:password@host:5432/sipis, or set DATABASE_URL.',
  )
}

/** The database that one name stands for: a Settings.xml, or a connection string. */
export function databaseAt(name: string, where: string, isSettings: boolean): DatabaseTarget {
  return isSettings ? fromSettings([name]) : target(name, where)
}

function findDatabase(flags: DatabaseFlags, environment: Environment): DatabaseTarget | undefined {
  const { databaseUrl, settings } = flags
  if (databaseUrl !== undefined && settings !== undefined) {
    throw new Problem('Both --database-url and --settings name a database. Give one of them.')
  }
  if (databaseUrl !== undefined) return target(databaseUrl, '--database-url')
  if (settings !== undefined) return fromSettings(settings)
  const { DATABASE_URL } = withoutEmpty(environment)
  return DATABASE_URL === undefined ? undefined : target(DATABASE_URL, 'DATABASE_URL')
}

function target(text: string, where: string): DatabaseTarget {
  const connection = parseConnectionString(text, where)
  return { connection, label: describeTarget(connection) }
}

/** Several settings are several SIPIS processes, which share one database. */
function fromSettings(paths: readonly string[]): DatabaseTarget {
  const targets = readSettings(paths).map(({ file, openString }) => {
    if (openString === undefined) {
      throw new Problem(`${file} names no database. Check Database[OpenString] in it and in its Defaults.`)
    }
    return { file, ...target(openString, `Database[OpenString] of ${file}`) }
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

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
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
