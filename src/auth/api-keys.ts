/**
 * API keys, for tools without a JWT issuer. The file holds one JSON object per line with the SHA-256 of a key. Keys have 256
 * random bits, so hashes need no salt.
 */
import { hash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../errors/problem.ts'
import type { Line } from './key-file.ts'
import { appendLine, linesOf, overwriteLines, readKeyFile } from './key-file.ts'
import type { Scope } from './principal.ts'
import { scopes } from './principal.ts'

/** sipis:own requires a selector, which API keys do not have. */
const keyScopes = scopes.filter((scope) => scope !== 'sipis:own')

const entry = z.object({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().min(1).max(100),
  scopes: z.array(z.enum(keyScopes)).min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created: z.iso.datetime(),
  expires: z.iso.datetime().optional(),
})

export type ApiKey = z.infer<typeof entry>

/** What stays of a key that was revoked: everything but its hash. */
const revokedEntry = entry.omit({ sha256: true }).extend({ revoked: z.iso.datetime() })

export type RevokedKey = z.infer<typeof revokedEntry>

export const keyPrefix = 'sipis_'
const maxKeys = 10_000
/** Control, format, surrogate, private-use and separator characters, which could manipulate terminal output. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u

export interface NewKey {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly expires: Date | undefined
}

/**
 * Creates a key and appends its hash to the file, which is created if missing.
 *
 * @returns the id and the key itself, which is not stored
 * @throws Problem if the name is invalid, or the file is full, invalid or cannot be changed
 */
export function createKey(path: string, { name, scopes: wanted, expires }: NewKey): { id: string; key: string } {
  checkName(name)
  const id = randomBytes(6).toString('hex')
  const key = `${keyPrefix}${id}_${randomBytes(32).toString('base64url')}`
  const created = entry.parse({
    id,
    name,
    scopes: [...new Set(wanted)],
    sha256: hash('sha256', key),
    created: new Date().toISOString(),
    ...(expires === undefined ? {} : { expires: expires.toISOString() }),
  })
  const before = readKeyFile(path)
  if (before !== undefined && parseKeys(path, before).length >= maxKeys)
    throw new Problem(`${path} already holds ${maxKeys} keys, the maximum. Revoke some.`)
  appendLine(path, JSON.stringify(created), before)
  if (!readKeys(path).some((known) => known.id === id)) throw changedMeanwhile(path)
  return { id, key }
}

/**
 * Revokes the keys with this id or name. Their lines keep everything but the hash, so that the file says whose key it was.
 *
 * @returns the revoked keys, at least one
 * @throws Problem if no key matches, or the file is invalid or cannot be changed
 */
export function revokeKeys(path: string, idOrName: string): ApiKey[] {
  const entries = liveLines(path, requireFile(path))
  const revoked = entries.filter(({ key: { id, name } }) => id === idOrName || name === idOrName)
  if (revoked.length === 0) {
    throw new Problem(
      `${path} has no key with the id or name "${printable(idOrName)}". "sipis-gateway key list" shows them.`,
    )
  }
  const now = new Date().toISOString()
  overwriteLines(
    path,
    revoked.map(({ key: { sha256: _, ...rest }, line }) => ({
      line,
      // Shorter than the key was, because a date takes less than a hash.
      text: JSON.stringify({ ...rest, revoked: now } satisfies RevokedKey),
    })),
  )
  const ids = new Set(revoked.map(({ key }) => key.id))
  if (liveLines(path, requireFile(path)).some(({ key }) => ids.has(key.id))) throw changedMeanwhile(path)
  return revoked.map(({ key }) => key)
}

/**
 * Reads the keys in the file.
 *
 * @throws Problem if the file is missing, unreadable, accessible to other users, or invalid
 */
export function readKeys(path: string): ApiKey[] {
  return parseKeys(path, requireFile(path))
}

/**
 * Reads the keys in the file, also those that were revoked.
 *
 * @throws Problem as readKeys does
 */
export function listKeys(path: string): (ApiKey | RevokedKey)[] {
  return linesOf(requireFile(path)).map((line) => parseLine(path, line))
}

/** @throws Problem if a line is not a key, or two keys have the same id */
export function parseKeys(path: string, bytes: Buffer): ApiKey[] {
  const seen = new Map<string, number>()
  return liveLines(path, bytes).map(({ key, line: { number } }) => {
    const earlier = seen.get(key.id)
    if (earlier !== undefined) {
      throw new Problem(`Lines ${earlier} and ${number} of ${path} have the same id, ${key.id}. Remove one of them.`)
    }
    seen.set(key.id, number)
    return key
  })
}

/** Escapes unprintable characters, which a hand-written file may contain, for terminal output. */
export function printable(name: string): string {
  return name.replaceAll(new RegExp(unprintable, 'gu'), (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)
}

function checkName(name: string): void {
  if (name.trim() === '' || name.length > 100)
    throw new Problem('A name must have 1 to 100 characters. Choose another with --name.')
  if (unprintable.test(name)) {
    throw new Problem(`The name "${printable(name)}" contains an unprintable character. Choose another with --name.`)
  }
  if (/^[0-9a-f]{12}$/.test(name))
    throw new Problem('A name must not look like a key id (12 hexadecimal digits). Choose another with --name.')
}

function requireFile(path: string): Buffer {
  const bytes = readKeyFile(path)
  if (bytes === undefined) {
    throw new Problem(`API_KEYS_FILE ${path} does not exist. Create it with "sipis-gateway key create".`)
  }
  return bytes
}

/** The lines of keys that are not revoked. */
function liveLines(path: string, bytes: Buffer): { key: ApiKey; line: Line }[] {
  return linesOf(bytes).flatMap((line) => {
    const key = parseLine(path, line)
    return 'revoked' in key ? [] : [{ key, line }]
  })
}

/** A line with `revoked` is revoked whatever else it contains. */
function parseLine(path: string, { number, text }: Line): ApiKey | RevokedKey {
  try {
    const given: unknown = JSON.parse(text)
    const isRevoked = typeof given === 'object' && given !== null && 'revoked' in given
    return isRevoked ? revokedEntry.parse(given) : entry.parse(given)
  } catch {
    throw new Problem(
      `Line ${number} of ${path} is not a valid API key. Remove it, and create a new key with "sipis-gateway key create".`,
    )
  }
}

function changedMeanwhile(path: string): Problem {
  return new Problem(`Another process replaced ${path} during the change. Run the command again.`)
}
