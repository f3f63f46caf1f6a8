/** Where a database is: a postgres:// URL, or a libpq keyword/value string as SIPIS has it. */
import type { ClientConfig } from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import { Problem } from './problem.ts'

/** Nothing of a connection string is ever quoted in a problem, for it holds a password. */
export function parseConnectionString(text: string, where: string): ClientConfig {
  const trimmed = text.trim()
  if (trimmed === '')
    throw new Problem(`${where} is empty. Give a URL such as postgres://user:password@host:5432/sipis.`)
  if (/^postgres(ql)?:\/\//i.test(trimmed)) return parseUrl(trimmed, where)
  if (trimmed.includes('=')) return parseKeywordValues(trimmed, where)
  if (/\.(sqlite3?|db)$/i.test(trimmed)) {
    throw new Problem(
      `${where} names an SQLite file, which an embedded SIPIS uses. The gateway reads PostgreSQL only: give it a SIPIS that keeps its state there.`,
    )
  }
  throw new Problem(
    `${where} is neither a postgres:// URL nor a string of keywords such as "host=… port=5432 dbname=sipis user=…". Correct it.`,
  )
}

/** host, port and database: what tells two connection strings for one database from two for different ones. */
export function describeTarget({ host, port, database }: ClientConfig): string {
  const address = host === undefined || host === '' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${address}:${port ?? 5432}/${database ?? ''}`
}

function parseUrl(text: string, where: string): ClientConfig {
  try {
    const url = new URL(text)
    const { searchParams } = url
    // The driver's own reading of sslmode is another than that of PostgreSQL's tools, and it cannot fall back.
    searchParams.set('uselibpqcompat', 'true')
    if (/^(allow|prefer)$/.test(searchParams.get('sslmode') ?? '')) searchParams.delete('sslmode')
    const config = Object.entries(parseIntoClientConfig(url.href)).filter(([, value]) => value !== '')
    return Object.fromEntries(config)
  } catch (error) {
    // The parser's own words would quote the URL; a missing certificate file is worth a word of its own.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT')
      throw new Problem(`${where} names a certificate or key file that does not exist. Correct its path.`)
    throw new Problem(
      `${where} is not a valid postgres:// URL. Escape special characters of the password (@ is %40, / is %2F).`,
    )
  }
}

function parseKeywordValues(text: string, where: string): ClientConfig {
  const keywords = parseKeywords(text, where)
  const database = keywords.get('dbname') ?? ''
  // Not by way of the URL: the parser leaves some of its escapes in the name of a database.
  return { ...parseUrl(urlOf(keywords, where), where), ...(database === '' ? {} : { database }) }
}

/** The grammar of libpq: keyword = value, value quoted by ' where it has spaces, \ escaping the next character. */
function parseKeywords(text: string, where: string): Map<string, string> {
  const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/gsy
  const found = new Map<string, string>()
  while (pair.lastIndex < text.length) {
    const match = pair.exec(text)
    if (match === null) {
      throw new Problem(`${where} is not of the form keyword=value keyword='value with spaces'. Check its quotes.`)
    }
    const [, keyword = '', quoted, plain = ''] = match
    found.set(keyword, (quoted ?? plain).replaceAll(/\\(.)/gs, '$1'))
  }
  return found
}

/** Keywords that a URL takes as parameters of the same name. Others, such as application_name, are the gateway's own business. */
const parameters = ['port', 'user', 'password', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'options']

function urlOf(keywords: ReadonlyMap<string, string>, where: string): string {
  const url = new URL('postgres://localhost')
  const host = keywords.get('hostaddr') ?? keywords.get('host') ?? ''
  if (host.includes(',')) {
    throw new Problem(`${where} lists several hosts, which is not supported. Name the one to read from.`)
  }
  if (host !== '') url.searchParams.set('host', host)
  for (const name of parameters) {
    const value = keywords.get(name)
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url.href
}
