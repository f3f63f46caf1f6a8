import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ApiKey } from './api-keys.ts'
import { keyPrefix, parseKeys, readKeys } from './api-keys.ts'
import { CredentialError, KeysUnavailable } from './credential-error.ts'
import { readKeyFile } from './key-file.ts'
import type { Principal } from './principal.ts'

/**
 * Verifies an API key and returns its principal.
 *
 * @throws CredentialError if the key is unknown or has expired
 * @throws KeysUnavailable if the file could not be read for 60 seconds
 */
export type ApiKeyVerifier = (key: string) => Principal

/** A verifier that reads its keys from a file. */
export interface FileKeyVerifier extends ApiKeyVerifier {
  /** Why no key can be verified now; undefined if they can. */
  problem(): string | undefined
}

const form = /^sipis_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/
const recheckAfterMs = 1_000
/** How long keys stay valid after the last successful read of the file; limits how long a revoked key is accepted. */
const staleAfterMs = 60_000

export function isApiKey(credential: string): boolean {
  return credential.startsWith(keyPrefix)
}

/**
 * Creates a verifier that rereads the file at most once a second while keys are used, so that revocation needs no restart.
 * Changes are detected by comparing bytes, because a file can change without its modification time.
 *
 * @param warn called with a sentence when the file cannot be read, once per reason
 * @throws Problem if the file is missing or invalid
 */
export function createApiKeyVerifier(path: string, warn: (sentence: string) => void): FileKeyVerifier {
  readKeys(path)
  let keys: ReadonlyMap<string, ApiKey> = new Map()
  let bytes: Buffer | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let readAt = Number.NEGATIVE_INFINITY
  let warned: string | undefined
  /**
   * Keys that were good since the file was last looked at, so that a key is hashed once a second and not with each request. Only good
   * ones are found, so that the time of an answer says nothing about others.
   */
  const good = new Map<string, Verified>()
  const warnOnce = (sentence: string) => {
    if (sentence !== warned) warn(sentence)
    warned = sentence
  }

  const reload = () => {
    // A deleted file revokes all keys.
    const read = readKeyFile(path) ?? Buffer.alloc(0)
    if (bytes?.equals(read) !== true) keys = byId(parseKeys(path, read))
    bytes = read
  }

  const refresh = (now: number) => {
    if (now - triedAt < recheckAfterMs) return
    triedAt = now
    good.clear()
    try {
      reload()
      readAt = now
      warned = undefined
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const isTooOld = now - readAt >= staleAfterMs
      warnOnce(
        `${reason} ${isTooOld ? 'All API keys are rejected until then.' : 'Known keys stay valid for up to 60 seconds.'}`,
      )
    }
  }
  refresh(performance.now())

  const isStale = () => {
    const now = performance.now()
    refresh(now)
    return now - readAt >= staleAfterMs
  }

  const find = (key: string): Verified => {
    const [, id = ''] = form.exec(key) ?? []
    const found = keys.get(id)
    const expected = found === undefined ? unknownKey : Buffer.from(found.sha256, 'hex')
    // Compares even for an unknown id, so that response times do not reveal ids.
    const same = timingSafeEqual(hash('sha256', key, 'buffer'), expected)
    if (found === undefined || !same) throw new CredentialError('unknown API key')
    const principal = { id: `key:${id}`, name: found.name, scopes: found.scopes, selector: null }
    return { id, principal, expiresAt: found.expires === undefined ? undefined : Date.parse(found.expires) }
  }

  const verify = (key: string): Principal => {
    if (isStale()) throw new KeysUnavailable('The API keys file cannot be read.')
    let verified = good.get(key)
    if (verified === undefined) {
      verified = find(key)
      good.set(key, verified)
    }
    const { id, principal, expiresAt } = verified
    if (expiresAt === undefined || expiresAt > Date.now()) return principal
    throw new CredentialError(`API key ${id} has expired`, { hasExpired: true })
  }
  return Object.assign(verify, { problem: () => (isStale() ? 'the API keys file cannot be read' : undefined) })
}

interface Verified {
  readonly id: string
  readonly principal: Principal
  readonly expiresAt: number | undefined
}

const unknownKey = randomBytes(32)

function byId(keys: readonly ApiKey[]): ReadonlyMap<string, ApiKey> {
  return new Map(keys.map((key) => [key.id, key]))
}
