/**
 * API keys, for tooling without an issuer. The file holds one JSON object a line, with the SHA-256 of each key: a key has 256
 * random bits, so a plain hash of it tells nothing and needs no salt.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { appendFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { Problem } from '../problem.ts'
import { CredentialError } from './credential-error.ts'
import type { Principal, Scope } from './principal.ts'
import { scopes } from './principal.ts'

/** A device is told by its selector, which a key has not. */
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

const prefix = 'sipis_'
const form = /^sipis_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/
const maxKeys = 10_000
const othersMayRead = 0o007

export function isApiKey(credential: string): boolean {
  return credential.startsWith(prefix)
}

export interface NewKey {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly expires: Date | undefined
}

/** Appends a key to the file, which is made where there is none, and gives the key: it is not kept anywhere. */
export function createKey(path: string, { name, scopes: wanted, expires }: NewKey): { id: string; key: string } {
  const id = randomBytes(6).toString('hex')
  const key = `${prefix}${id}_${randomBytes(32).toString('base64url')}`
  const made = entry.parse({
    id,
    name,
    scopes: [...new Set(wanted)],
    sha256: sha256(key).toString('hex'),
    created: new Date().toISOString(),
    ...(expires === undefined ? {} : { expires: expires.toISOString() }),
  })
  const before = existing(path)
  if (before.length >= maxKeys) throw new Problem(`${path} holds ${maxKeys} keys already. Revoke some.`)
  appendFileSync(path, `${JSON.stringify(made)}\n`, { mode: 0o600 })
  return { id, key }
}

/** Takes the keys of this id or name out of the file, at once as far as readers can see. */
export function revokeKeys(path: string, idOrName: string): ApiKey[] {
  const keys = readKeys(path)
  const revoked = keys.filter(({ id, name }) => id === idOrName || name === idOrName)
  if (revoked.length === 0) {
    throw new Problem(`${path} has no key with the id or name "${idOrName}". "sipis-gateway key list" shows them.`)
  }
  const kept = keys.filter((key) => !revoked.includes(key))
  const next = `${path}.${randomBytes(4).toString('hex')}`
  writeFileSync(next, kept.map((key) => `${JSON.stringify(key)}\n`).join(''), { mode: 0o600, flush: true })
  renameSync(next, path)
  return revoked
}

function existing(path: string): ApiKey[] {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? [] : readKeys(path)
}

/** The keys in the file. Fails with a Problem where it cannot be read, or where others may read it. */
export function readKeys(path: string): ApiKey[] {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  if (mode === undefined) {
    throw new Problem(`API_KEYS_FILE ${path} does not exist. "sipis-gateway key create" makes it.`)
  }
  if ((mode & othersMayRead) !== 0) {
    throw new Problem(
      `Refused (world-readable-keys): everybody on this machine may use API_KEYS_FILE ${path}. Run: chmod 600 ${path}`,
    )
  }
  const lines = read(path).split('\n')
  if (lines.length > maxKeys + 1) throw new Problem(`${path} holds more than ${maxKeys} keys. Revoke some.`)
  return lines.flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(path, line, index + 1)]))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new Problem(`API_KEYS_FILE ${path} cannot be read (${code}). Let the gateway's user own it.`)
  }
}

function parseLine(path: string, line: string, number: number): ApiKey {
  try {
    return entry.parse(JSON.parse(line))
  } catch {
    throw new Problem(
      `Line ${number} of ${path} is no API key. Take it out, and make another with "sipis-gateway key create".`,
    )
  }
}

const recheckAfterMs = 1_000

export type ApiKeyVerifier = (key: string) => Principal

/**
 * Tells whose key this is; fails with a CredentialError. The file is looked at once a second at most while keys are used, so a
 * revoked key is refused without a restart. A file that has become unreadable is told, and the keys known before stay.
 */
export function openApiKeyVerifier(path: string, warn: (sentence: string) => void): ApiKeyVerifier {
  let keys = byId(readKeys(path))
  let seen = stamp(path)
  let checkedAt = Date.now()
  const refresh = () => {
    if (Date.now() - checkedAt < recheckAfterMs) return
    checkedAt = Date.now()
    const now = stamp(path)
    if (now === seen) return
    seen = now
    try {
      // Without the file there are no keys: to take it away is to revoke all.
      keys = now === '' ? new Map() : byId(readKeys(path))
    } catch (error) {
      warn(`${error instanceof Error ? error.message : String(error)} Until then the keys known before stay valid.`)
    }
  }
  return (key) => {
    refresh()
    const [, id = ''] = form.exec(key) ?? []
    const found = keys.get(id)
    const expected = found === undefined ? nobody : Buffer.from(found.sha256, 'hex')
    // Compared also where there is no such key, so that the time taken does not tell ids.
    const same = timingSafeEqual(sha256(key), expected)
    if (found === undefined || !same) throw new CredentialError('no such API key')
    if (found.expires !== undefined && Date.parse(found.expires) <= Date.now()) {
      throw new CredentialError(`API key ${id} has expired`)
    }
    return { id: `key:${id}`, name: found.name, scopes: found.scopes, selector: null }
  }
}

const nobody = randomBytes(32)

function byId(keys: readonly ApiKey[]): ReadonlyMap<string, ApiKey> {
  return new Map(keys.map((key) => [key.id, key]))
}

/** Changes whenever the file does. */
function stamp(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? '' : [found.ino, found.size, found.mtimeNs, found.mode].join(' ')
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
