import { hash } from 'node:crypto'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { CredentialError, KeysUnavailable } from './credential-error.ts'
import type { Principal, Scope } from './principal.ts'
import { isScope } from './principal.ts'

export interface JwtOptions {
  readonly issuer: string
  readonly audience: string
  readonly clockSkewSeconds: number
  /** Maximum time from now to exp. */
  readonly maxLifetimeSeconds: number
}

/** Asymmetric only, because a shared secret would allow every verifier to issue tokens. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

const maxLength = 8_192
const maxNameLength = 256
/** Characters, as in the database column. */
const maxSelectorLength = 64

/** Verified tokens are cached for a minute, because verifying a signature costs more than executing a small query. */
const cacheMs = 60_000

export interface TokenCacheOptions {
  /** Maximum number of cached tokens. */
  readonly maxTokens: number
  /** Monotonic clock for expiry. */
  readonly clock: Pick<Performance, 'now'>
}

const defaultCache: TokenCacheOptions = { maxTokens: 10_000, clock: performance }

export type JwtVerifier = (token: string) => Principal | Promise<Principal>

/**
 * Creates a verifier that returns the principal of a JSON Web Token.
 *
 * @returns a function that returns the principal of a known token at once. It rejects with CredentialError if the token is invalid,
 *   and with KeysUnavailable if it cannot be verified now
 */
export function createJwtVerifier(
  keys: JWTVerifyGetKey,
  options: JwtOptions,
  { maxTokens, clock }: TokenCacheOptions = defaultCache,
): JwtVerifier {
  const verified = new LRUCache<string, Principal>({ max: maxTokens, perf: clock })
  const verifyAnew = async (token: string, digest: string) => {
    const payload = await verify(token, keys, options)
    const principal = principalOf(payload, options)
    const ttl = Math.min(cacheMs, (Number(payload.exp) + options.clockSkewSeconds) * 1000 - Date.now())
    if (ttl >= 1) verified.set(digest, principal, { ttl: Math.floor(ttl) })
    return principal
  }
  return (token) => {
    if (token.length > maxLength) return Promise.reject(new CredentialError(`longer than ${maxLength} characters`))
    const digest = hash('sha256', token, 'base64')
    return verified.get(digest) ?? verifyAnew(token, digest)
  }
}

async function verify(token: string, keys: JWTVerifyGetKey, options: JwtOptions): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: options.issuer,
      audience: options.audience,
      clockTolerance: options.clockSkewSeconds,
      algorithms,
      requiredClaims: ['exp', 'sub'],
    })
    return payload
  } catch (error) {
    if (error instanceof KeysUnavailable) throw error
    // jose checks the signature, the issuer and the audience first.
    throw new CredentialError(reasonOf(error), { hasExpired: error instanceof errors.JWTExpired })
  }
}

/** Uses only messages without caller input; other messages of jose may quote it. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'JWT has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `JWT claim ${error.claim} ${error.reason}`
  return error instanceof errors.JOSEError ? `JWT not accepted: ${error.code}` : 'not a JWT'
}

function principalOf(payload: JWTPayload, { clockSkewSeconds, maxLifetimeSeconds }: JwtOptions): Principal {
  const { sub, exp = 0, iat } = payload
  const now = Date.now() / 1000
  if (exp > now + maxLifetimeSeconds + clockSkewSeconds) throw new CredentialError('exp is too far in the future')
  if (iat !== undefined && iat > now + clockSkewSeconds) throw new CredentialError('iat is in the future')
  if (typeof sub !== 'string' || sub === '' || sub.length > maxNameLength)
    throw new CredentialError('sub is not a valid name')
  const scopes = scopesOf(payload)
  const isDevice = scopes.includes('sipis:own')
  if (isDevice && (sub.length > maxSelectorLength || sub.includes('\0')))
    throw new CredentialError('sub is not a valid selector')
  return { id: `jwt:${sub}`, name: sub, scopes, selector: isDevice ? sub : null }
}

/** Accepts a space-separated string (RFC 8693) or a list, as some issuers send. Scopes of other services are ignored. */
function scopesOf({ scope }: JWTPayload): readonly Scope[] {
  const given = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : []
  const known = given.filter((one) => typeof one === 'string').filter(isScope)
  return [...new Set(known)]
}
