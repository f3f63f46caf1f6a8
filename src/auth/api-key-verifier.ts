import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ApiKey } from './api-keys.ts'
import { keyPrefix, parseKeys, readKeys } from './api-keys.ts'
import { CredentialError, KeysUnavailable } from './credential-error.ts'
import { readKeyFile } from './key-file.ts'
import type { Principal } from './principal.ts'

/** Returns the principal of a key. Throws a CredentialError, or KeysUnavailable while the file cannot be read. */
export type ApiKeyVerifier = (key: string) => Principal

const form = /^sipis_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/
const recheckAfterMs = 1_000
/** How long keys are accepted after the file was last read. A key that is revoked meanwhile is refused afterwards. */
const staleAfterMs = 60_000

export function isApiKey(credential: string): boolean {
  return credential.startsWith(keyPrefix)
}

/**
 * Reads the file again once a second while keys are used, so that a revoked key is refused without a restart. Bytes are
 * compared, because a time stamp can stay the same when a file changes. Intervals come from the monotonic clock.
 */
export function createApiKeyVerifier(path: string, warn: (sentence: string) => void): ApiKeyVerifier {
  readKeys(path)
  let keys: ReadonlyMap<string, ApiKey> = new Map()
  let bytes: Buffer | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let readAt = Number.NEGATIVE_INFINITY
  let warned: string | undefined
  const warnOnce = (sentence: string) => {
    if (sentence !== warned) warn(sentence)
    warned = sentence
  }

  const reload = () => {
    // Without the file there are no keys: to delete it is to revoke all.
    const read = readKeyFile(path) ?? Buffer.alloc(0)
    if (bytes?.equals(read) !== true) keys = byId(parseKeys(path, read))
    bytes = read
  }

  const refresh = () => {
    const now = performance.now()
    if (now - triedAt < recheckAfterMs) return
    triedAt = now
    try {
      reload()
      readAt = now
      warned = undefined
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const isStale = now - readAt >= staleAfterMs
      warnOnce(
        `${reason} ${isStale ? 'Until then every API key is refused.' : 'The keys read before are refused after 60 seconds.'}`,
      )
    }
  }
  refresh()

  return (key) => {
    refresh()
    if (performance.now() - readAt >= staleAfterMs) throw new KeysUnavailable('The file of API keys cannot be read.')
    const [, id = ''] = form.exec(key) ?? []
    const found = keys.get(id)
    const expected = found === undefined ? unknownKey : Buffer.from(found.sha256, 'hex')
    // Compared also where there is no such key, so that the time taken does not reveal ids.
    const same = timingSafeEqual(hash('sha256', key, 'buffer'), expected)
    if (found === undefined || !same) throw new CredentialError('no such API key')
    if (found.expires !== undefined && Date.parse(found.expires) <= Date.now()) {
      throw new CredentialError(`API key ${id} has expired`)
    }
    return { id: `key:${id}`, name: found.name, scopes: found.scopes, selector: null }
  }
}

const unknownKey = randomBytes(32)

function byId(keys: readonly ApiKey[]): ReadonlyMap<string, ApiKey> {
  return new Map(keys.map((key) => [key.id, key]))
}
