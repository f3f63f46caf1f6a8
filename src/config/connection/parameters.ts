/** Collects parameters from the connection string, its service and the environment, in this order of precedence. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../../errors/problem.ts'
import type { Environment } from '../environment.ts'
import type { Keyword } from './keywords.ts'
import { keywords } from './keywords.ts'
import { serviceParameters } from './service-file.ts'

export interface Parameters {
  /** Empty if it is not set. */
  get(keyword: string): string
  /** What set the parameter, for messages. */
  whereIs(keyword: string): string
  /** The path of a file in the home directory. */
  home(...path: string[]): string
}

interface Given {
  readonly value: string
  readonly from: string
}

export function collectParameters(
  pairs: readonly [string, string][],
  where: string,
  environment: Environment,
): Parameters {
  const given = new Map<string, Given>()
  // The last one wins.
  for (const [index, pair] of pairs.entries()) {
    const [keyword, value] = sslmodeOf(pair)
    given.set(known(keyword, where, mayBePassword(pairs, index)), { value, from: `${where}: ${keyword}` })
  }
  const home = (...path: string[]) => join(environment['HOME'] || homedir(), ...path)
  const get = (keyword: string) => (given.get(keyword) ?? ofEnvironment(keyword, environment))?.value ?? ''
  const service = get('service')
  if (service !== '') {
    const files = serviceFiles(get('servicefile'), environment, home)
    for (const [keyword, value] of serviceParameters(service, files, where).map(sslmodeOf))
      if (!given.has(known(keyword, 'The service file')))
        given.set(keyword, { value, from: `the service file: ${keyword}` })
  }
  for (const keyword of Object.keys(keywords)) {
    const found = given.get(keyword) ?? ofEnvironment(keyword, environment)
    if (found !== undefined) given.set(keyword, found)
  }
  if (!given.has('sslmode') && environment['PGREQUIRESSL']?.startsWith('1'))
    given.set('sslmode', { value: 'require', from: 'PGREQUIRESSL' })
  for (const [keyword, one] of given) validate(keyword, one)
  return { get, whereIs: (keyword) => given.get(keyword)?.from ?? where, home }
}

/** requiressl is the predecessor of sslmode. */
function sslmodeOf([keyword, value]: [string, string]): [string, string] {
  return keyword === 'requiressl' ? ['sslmode', value.startsWith('1') ? 'require' : 'prefer'] : [keyword, value]
}

/** An empty variable counts as unset. */
function ofEnvironment(keyword: string, environment: Environment): Given | undefined {
  const variable = keywords[keyword]?.variable
  const value = variable === undefined ? '' : (environment[variable] ?? '')
  return variable === undefined || value === '' ? undefined : { value, from: variable }
}

function serviceFiles(named: string, environment: Environment, home: Parameters['home']): string[] {
  const folder = environment['PGSYSCONFDIR'] || '/etc/postgresql-common'
  return [named || home('.pg_service.conf'), join(folder, 'pg_service.conf')]
}

/** Whether an unknown keyword may be part of a password without quotes or escapes: it follows one, or an @ follows it. */
function mayBePassword(pairs: readonly [string, string][], index: number): boolean {
  return /password$/.test(pairs[index - 1]?.[0] ?? '') || pairs.slice(index).some(([, value]) => value.includes('@'))
}

function known(keyword: string, where: string, mayBePassword = false): string {
  if (Object.hasOwn(keywords, keyword)) return keyword
  const name = /^[a-z_]{1,32}$/i.test(keyword) && !mayBePassword ? `"${keyword}"` : 'a word'
  throw new Problem(
    `${where} has the invalid connection option ${name}, which is not a keyword of libpq. Correct it; a value with blanks needs quotes.`,
  )
}

function validate(keyword: string, { value, from }: Given): void {
  const { values, isNumber, refused, ignored }: Keyword = keywords[keyword] ?? {}
  if (isNumber === true && !/^\s*[+-]?\d{1,9}\s*$/.test(value)) {
    throw new Problem(`${from} is not a whole number. Correct it.`)
  }
  if (values === undefined || values.includes(value)) return
  if (refused !== undefined) {
    const allowed = values.filter((one) => one !== '').join(' or ')
    throw new Problem(
      `${from} is not supported. ${refused}. Leave it out${allowed === '' ? '' : `, or set it to ${allowed}`}.`,
    )
  }
  if (ignored !== undefined && value === '') return
  throw new Problem(`${from} is not one of ${values.filter((one) => one !== '').join(', ')}. Correct it.`)
}
