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
  /** How far ahead exp may lie. */
  readonly maxLifetimeSeconds: number
}

/** Asymmetric only: with a shared secret whoever checks credentials could also issue them. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

const maxLength = 8_192
const maxNameLength = 256
/** SIPIS's column holds 64 characters; each may be four bytes. */
const maxSelectorLength = 64

/** A signature costs more than all else in a small request, so one that was found good is not checked again for a minute. */
const trustMs = 60_000

export interface Trust {
  /** How many tokens are remembered. */
  readonly most: number
  /** Measures intervals. */
  readonly clock: Pick<Performance, 'now'>
}

const defaultTrust: Trust = { most: 10_000, clock: performance }

export type JwtVerifier = (token: string) => Promise<Principal>

/** Tells whose JSON Web Token this is. Fails with a CredentialError, or KeysUnavailable where that cannot be told now. */
export function createJwtVerifier(
  keys: JWTVerifyGetKey,
  options: JwtOptions,
  { most, clock }: Trust = defaultTrust,
): JwtVerifier {
  const trusted = new LRUCache<string, Principal>({ max: most, perf: clock })
  return async (token) => {
    if (token.length > maxLength) throw new CredentialError(`longer than ${maxLength} characters`)
    const digest = hash('sha256', token, 'base64')
    const known = trusted.get(digest)
    if (known !== undefined) return known
    const payload = await verify(token, keys, options)
    const principal = principalOf(payload, options)
    const ttl = Math.min(trustMs, (Number(payload.exp) + options.clockSkewSeconds) * 1000 - Date.now())
    if (ttl >= 1) trusted.set(digest, principal, { ttl: Math.floor(ttl) })
    return principal
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
    throw new CredentialError(reasonOf(error))
  }
}

/** Other messages of jose may quote names that the caller has made up. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'JWT has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `JWT claim ${error.claim} ${error.reason}`
  return error instanceof errors.JOSEError ? `JWT not accepted: ${error.code}` : 'not a JWT'
}

function principalOf(payload: JWTPayload, { clockSkewSeconds, maxLifetimeSeconds }: JwtOptions): Principal {
  const { sub, exp = 0, iat } = payload
  const now = Date.now() / 1000
  if (exp > now + maxLifetimeSeconds + clockSkewSeconds) throw new CredentialError('exp lies too far ahead')
  if (iat !== undefined && iat > now + clockSkewSeconds) throw new CredentialError('iat lies in the future')
  if (typeof sub !== 'string' || sub === '' || sub.length > maxNameLength) throw new CredentialError('sub is no name')
  const scopes = scopesOf(payload)
  const isDevice = scopes.includes('sipis:own')
  if (isDevice && (sub.length > maxSelectorLength || sub.includes('\0')))
    throw new CredentialError('sub is no selector')
  return { id: `jwt:${sub}`, name: sub, scopes, selector: isDevice ? sub : null }
}

/** RFC 8693 has scopes in one string; some issuers give a list. Those of other services are nothing to us. */
function scopesOf({ scope }: JWTPayload): readonly Scope[] {
  const given = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : []
  const known = given.filter((one) => typeof one === 'string').filter(isScope)
  return [...new Set(known)]
}
