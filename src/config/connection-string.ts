/** Parses connection strings as libpq does: postgres:// URLs, and keyword/value strings as in SIPIS's Settings.xml. */
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { userInfo } from 'node:os'
import type { ConnectionConfig } from '../database/client.ts'
import { DatabaseError } from '../errors/database-error.ts'
import { Problem } from '../errors/problem.ts'
import { keywordValues } from './connection/keyword-values.ts'
import type { Parameters } from './connection/parameters.ts'
import { collectParameters } from './connection/parameters.ts'
import type { Place } from './connection/password-file.ts'
import { passwordFromFile } from './connection/password-file.ts'
import { encryption } from './connection/tls.ts'
import { urlParameters } from './connection/url.ts'
import type { Environment } from './environment.ts'

/**
 * Parses a connection string. Problems quote nothing of it but keywords, because it may contain a password.
 *
 * @param where what the string comes from, for problems: a flag, a variable or a file
 * @throws Problem if it is invalid or needs a feature that the driver lacks
 */
export function parseConnectionString(text: string, where: string, environment: Environment): ConnectionConfig {
  return clientConfig(collectParameters(pairsOf(text, where), where, environment))
}

/** host:port/database, without user and password: for logs, and to compare two connection strings. */
export function describeTarget({ host, port, database }: ConnectionConfig): string {
  const address = host === undefined || host === '' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${address}:${port ?? defaultPort}/${database ?? ''}`.replaceAll(/\p{C}+/gu, ' ')
}

const defaultPort = 5432

function pairsOf(text: string, where: string): [string, string][] {
  const trimmed = text.trim()
  if (trimmed === '') {
    throw new Problem(`${where} is empty. Give a URL such as postgres://user@host:5432/sipis.`)
  }
  if (/^postgres(ql)?:\/\//i.test(trimmed)) return urlParameters(trimmed, where)
  if (trimmed.includes('=') && !/^\w+:\/\//.test(trimmed)) return keywordValues(text, where)
  if (/\.(sqlite3?|db)$/i.test(trimmed)) {
    throw new Problem(
      `${where} names an SQLite file, which an embedded SIPIS uses. The gateway reads PostgreSQL only: give it a SIPIS that keeps its state there.`,
    )
  }
  throw new Problem(
    `${where} is neither a postgres:// URL nor a string of keywords such as "host=… port=5432 dbname=sipis user=…". Correct it.`,
  )
}

/** Sets every option that the driver would otherwise read from the environment, because its rules are not libpq's. */
function clientConfig(parameters: Parameters): ConnectionConfig {
  const { get } = parameters
  refuseSeveralHosts(parameters)
  const port = portOf(parameters)
  const host = hostOf(parameters, port)
  const user = get('user') || operatingSystemUser(parameters)
  const database = databaseOf(parameters) || user
  const timeout = Number(get('connect_timeout'))
  const idle = Number(get('keepalives_idle'))
  const options = get('options')
  return {
    host,
    port,
    user,
    database,
    password: passwordOf(parameters, { host, port, database, user }),
    ...encryption(parameters, host.startsWith('/')),
    ...(options === '' ? {} : { options }),
    ...(timeout > 0 ? { connectTimeoutMs: timeout * 1000 } : {}),
    ...(idle > 0 ? { keepAliveInitialDelayMillis: idle * 1000 } : {}),
  }
}

function portOf(parameters: Parameters): number {
  const text = parameters.get('port').trim()
  if (text === '') return defaultPort
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new Problem(`${parameters.whereIs('port')} is not a port number from 1 to 65535. Correct it.`)
}

/** Refuses a connection string in dbname: as a name it would be quoted in messages, with its password. */
function databaseOf({ get, whereIs }: Parameters): string {
  const name = get('dbname')
  if (!/^postgres(ql)?:\/\/|\bpassword\s*=/i.test(name)) return name
  throw new Problem(
    `${whereIs('dbname')} is a connection string, not the name of a database. Give it instead of this one.`,
  )
}

/** The address, name or socket folder to connect to. */
function hostOf(parameters: Parameters, port: number): string {
  const [host, address] = [parameters.get('host'), parameters.get('hostaddr')]
  if (address !== '' && isIP(address) === 0) {
    throw new Problem(`${parameters.whereIs('hostaddr')} is not an IP address. Correct it, or set host instead.`)
  }
  if (host.startsWith('@') && address === '') {
    throw new Problem(`${parameters.whereIs('host')} names an abstract socket, which is not supported. Name a folder.`)
  }
  // Host names have no @. This is part of a password, which messages about the host would quote.
  if (host.includes('@')) {
    throw new Problem(
      `${parameters.whereIs('host')} has an @, which no host name has. Write an @ in a password as %40.`,
    )
  }
  return address || host || defaultHost(port)
}

/** Default socket folders of libpq: Debian's, then PostgreSQL's own. */
const socketFolders = ['/var/run/postgresql', '/tmp']

function defaultHost(port: number): string {
  return socketFolders.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost'
}

function refuseSeveralHosts({ get, whereIs }: Parameters): void {
  const list = ['host', 'hostaddr', 'port'].find((keyword) => get(keyword).includes(','))
  if (list === undefined) return
  throw new Problem(`${whereIs(list)} lists several hosts, which is not supported. Name the one to read from.`)
}

function operatingSystemUser(parameters: Parameters): string {
  try {
    return userInfo().username
  } catch {
    throw new Problem(
      `${parameters.whereIs('user')} names no user, and the user of this process has no name. Set user.`,
    )
  }
}

/** A function that throws if no password is found: the driver calls it only if the server requires one. */
function passwordOf(parameters: Parameters, place: Place): ConnectionConfig['password'] {
  const given = parameters.get('password')
  if (given !== '') return given
  const file = parameters.get('passfile') || parameters.home('.pgpass')
  const host = socketFolders.includes(place.host) ? 'localhost' : parameters.get('host') || place.host
  const found = passwordFromFile(file, { ...place, host })
  if ('password' in found) return found.password
  return () => {
    throw new DatabaseError(
      'unexpected',
      'NO_PASSWORD',
      `the server requires a password, and none is configured (${found.reason})`,
    )
  }
}
