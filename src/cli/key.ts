import { existsSync } from 'node:fs'
import type { ApiKey, RevokedKey } from '../auth/api-keys.ts'
import { createKey, listKeys, printable, revokeKeys } from '../auth/api-keys.ts'
import type { Scope } from '../auth/principal.ts'
import { requireApiKeysFile } from '../config/authentication.ts'
import type { Environment } from '../config/environment.ts'
import { Problem } from '../errors/problem.ts'
import type { Output } from './output.ts'

export interface FileFlag {
  readonly file?: string | undefined
}

export interface CreateFlags extends FileFlag {
  readonly name: string
  readonly scope: readonly Scope[]
  readonly expires?: string | undefined
}

/** Creates a key. Only the key is printed to standard output, so that it can be piped into a secret store. */
export function keyCreate(flags: CreateFlags, environment: Environment, output: Output): void {
  const file = requireApiKeysFile(flags.file, environment)
  const expires = flags.expires === undefined ? undefined : parseExpiry(flags.expires)
  const isNew = !existsSync(file)
  const { id, key } = createKey(file, { name: flags.name, scopes: flags.scope, expires })
  output.progress.write(`Added key ${id} to ${file}. It cannot be shown again:\n`)
  if (isNew && process.getuid?.() === 0) {
    output.progress.write(`${file} belongs to root. Give it to the user who runs the gateway: chown USER ${file}\n`)
  }
  output.print(key)
}

export function keyList(flags: FileFlag, environment: Environment, output: Output): void {
  const keys = listKeys(requireApiKeysFile(flags.file, environment))
  if (keys.length === 0) output.print('There are no keys.')
  for (const key of keys) {
    const { id, name, scopes, created } = key
    output.print([id, printable(name), scopes.join(' '), `created ${created}`, endOf(key)].join('  '))
  }
}

function endOf(key: ApiKey | RevokedKey): string {
  if ('revoked' in key) return `REVOKED ${key.revoked}`
  if (key.expires === undefined) return 'never expires'
  return `${Date.parse(key.expires) <= Date.now() ? 'EXPIRED' : 'expires'} ${key.expires}`
}

export function keyRevoke(idOrName: string, flags: FileFlag, environment: Environment, output: Output): void {
  for (const { id, name } of revokeKeys(requireApiKeysFile(flags.file, environment), idOrName)) {
    output.print(`Revoked ${id} (${printable(name)}). A running gateway rejects it within seconds.`)
  }
}

/**
 * Parses a date, a date-time, or a number of days such as 90d.
 *
 * @throws Problem if it has another form or is in the past
 */
function parseExpiry(text: string): Date {
  const [, days] = /^(\d{1,4})d$/.exec(text) ?? []
  const isDate = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text)
  const expires =
    days === undefined ? new Date(isDate ? text : Number.NaN) : new Date(Date.now() + Number(days) * 86_400_000)
  // Date converts 30 February to a day in March.
  const isRolledOver = days === undefined && text.length === 10 && !expires.toJSON()?.startsWith(text)
  if (Number.isNaN(expires.getTime()) || isRolledOver)
    throw new Problem(`--expires is "${text}"; it must have the form 90d or 2027-06-30.`)
  if (expires.getTime() <= Date.now())
    throw new Problem(`--expires is ${text}, which is in the past. Give a later date.`)
  return expires
}
