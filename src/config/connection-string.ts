/** Where a database is: a postgres:// URL, or a libpq keyword/value string as SIPIS has it. Both are read as libpq reads them. */
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

/** Nothing of a connection string but a keyword is ever quoted in a problem, for it holds a password. */
export function parseConnectionString(text: string, where: string, environment: Environment): ConnectionConfig {
  return clientConfig(collectParameters(pairsOf(text, where), where, environment))
}

/** host, port and database: what tells two connection strings for one database from two for different ones. */
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

/** Everything is set that the driver would otherwise read from the environment, by rules of its own. */
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

/** libpq takes a connection string in dbname for a name, and so quotes its password in messages. */
function databaseOf({ get, whereIs }: Parameters): string {
  const name = get('dbname')
  if (!/^postgres(ql)?:\/\/|\bpassword\s*=/i.test(name)) return name
  throw new Problem(
    `${whereIs('dbname')} is a connection string, not the name of a database. Give it instead of this one.`,
  )
}

/** What is connected to: an address, a name, or the folder of a socket. */
function hostOf(parameters: Parameters, port: number): string {
  const [host, address] = [parameters.get('host'), parameters.get('hostaddr')]
  if (address !== '' && isIP(address) === 0) {
    throw new Problem(`${parameters.whereIs('hostaddr')} is not an IP address. Correct it, or set host instead.`)
  }
  if (host.startsWith('@') && address === '') {
    throw new Problem(`${parameters.whereIs('host')} names an abstract socket, which is not supported. Name a folder.`)
  }
  // No name has one, so this is a piece of a password, which messages about the host would quote.
  if (host.includes('@')) {
    throw new Problem(`${parameters.whereIs('host')} has an @, as no host has. Write the @ of a password as %40.`)
  }
  return address || host || defaultHost(port)
}

/** The folders that libpq is built with: Debian's, and PostgreSQL's own. */
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
    throw new Problem(`${parameters.whereIs('user')} names no user, and this process has none that is known. Set user.`)
  }
}

/** Where there is none, the driver asks for it only when the server does. */
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
      `the server asks for a password, and there is none (${found.reason})`,
    )
  }
}
