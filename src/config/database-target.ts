/** Finds the database in flags, the environment or SIPIS's Settings.xml. */
import type { ConnectionConfig } from '../database/client.ts'
import { Problem } from '../errors/problem.ts'
import { describeTarget, parseConnectionString } from './connection-string.ts'
import type { Environment } from './environment.ts'
import { withoutEmpty } from './environment.ts'
import { misspelledHints } from './misspelled-settings.ts'
import { readSettings } from './settings-xml.ts'

/** Flags that name the database. They override the environment. */
export interface DatabaseFlags {
  readonly databaseUrl?: string | undefined
  readonly settings?: readonly string[] | undefined
}

export interface DatabaseTarget {
  readonly connection: ConnectionConfig
  /** host:port/database, without user and password: safe to log. */
  readonly label: string
  /** Where the SIPIS processes of the settings files answer on this machine. */
  readonly processes?: readonly string[]
}

/** @throws Problem if no database is configured */
export function requireDatabase(flags: DatabaseFlags, environment: Environment): DatabaseTarget {
  const target = findDatabase(flags, environment)
  if (target !== undefined) return target
  throw new Problem(
    [
      'No database is named. Set DATABASE_URL to its URL, postgres://user:password@host:5432/sipis, or give --database-url.',
      ...misspelledHints(environment),
    ].join('\n'),
  )
}

/** The database of a Settings.xml, or of a connection string. */
export function databaseAt(name: string, where: string, isSettings: boolean, environment: Environment): DatabaseTarget {
  return isSettings ? fromSettings([name], environment) : target(name, where, environment)
}

/** Undefined if no database is configured. */
export function findDatabase(flags: DatabaseFlags, environment: Environment): DatabaseTarget | undefined {
  const { databaseUrl, settings } = flags
  if (databaseUrl !== undefined && settings !== undefined) {
    throw new Problem('Both --database-url and --settings name a database. Give one of them.')
  }
  if (databaseUrl !== undefined) return target(databaseUrl, '--database-url', environment)
  if (settings !== undefined) return fromSettings(settings, environment)
  const { DATABASE_URL } = withoutEmpty(environment)
  return DATABASE_URL === undefined ? undefined : target(DATABASE_URL, 'DATABASE_URL', environment)
}

/** Standbys, each with a connection string. */
export function findReplicas(urls: readonly string[], environment: Environment): DatabaseTarget[] {
  return urls.map((url) => target(url, 'DATABASE_REPLICA_URLS', environment))
}

function target(text: string, where: string, environment: Environment): DatabaseTarget {
  const connection = parseConnectionString(text, where, environment)
  return { connection, label: describeTarget(connection) }
}

function originOf(port: number | undefined): string[] {
  return port === undefined ? [] : [`http://127.0.0.1:${port}`]
}

/** Several SIPIS processes may share one database, each with a settings file of its own. */
function fromSettings(paths: readonly string[], environment: Environment): DatabaseTarget {
  const settings = readSettings(paths)
  const targets = settings.map(({ file, openString }) => {
    if (openString === undefined) {
      throw new Problem(`${file} names no database. Check Database[OpenString] in it and in its Defaults.`)
    }
    return { file, ...target(openString, `Database[OpenString] of ${file}`, environment) }
  })
  const [first, ...others] = targets
  if (first === undefined) throw new Problem('No settings file is given. Name one behind --settings.')
  const other = others.find(({ label }) => label !== first.label)
  if (other === undefined) return { ...first, processes: settings.flatMap(({ httpPort }) => originOf(httpPort)) }
  throw new Problem(
    `The settings name different databases: ${first.file} ${first.label}, ${other.file} ${other.label}. ` +
      'Run one gateway for each database.',
  )
}
