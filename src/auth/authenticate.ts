import type { ApiKeyVerifier } from './api-key-verifier.ts'
import { isApiKey } from './api-key-verifier.ts'
import { CredentialError } from './credential-error.ts'
import type { JwtVerifier } from './jwt.ts'
import type { Principal } from './principal.ts'
import { anonymousPrincipal } from './principal.ts'

/**
 * Authenticates a request by its Authorization header: at once if the credential is known. Rejects a promise instead of throwing.
 *
 * @throws CredentialError if the credential is missing or invalid
 * @throws KeysUnavailable if it cannot be verified now
 */
export type Authenticate = (authorization: string | undefined) => Principal | Promise<Principal>

export interface Verifiers {
  readonly jwt: JwtVerifier | undefined
  readonly apiKey: ApiKeyVerifier | undefined
}

/** Without verifiers, every request is accepted; `serve` then listens on loopback only. */
export function createAuthenticate({ jwt, apiKey }: Verifiers): Authenticate {
  if (jwt === undefined && apiKey === undefined) return () => anonymousPrincipal
  const verify = (authorization: string | undefined) => {
    if (authorization === undefined) throw new CredentialError('no credential')
    const [, credential] = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization) ?? []
    if (credential === undefined) throw new CredentialError('not of the form "Bearer …"')
    if (isApiKey(credential)) {
      if (apiKey === undefined) throw new CredentialError('an API key, but API_KEYS_FILE is not set')
      return apiKey(credential)
    }
    if (jwt === undefined) throw new CredentialError('a JWT, but neither AUTH_JWKS_URL nor AUTH_JWKS_FILE is set')
    return jwt(credential)
  }
  return (authorization) => {
    try {
      return verify(authorization)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}
