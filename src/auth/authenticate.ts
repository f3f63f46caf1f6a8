import type { ApiKeyVerifier } from './api-key-verifier.ts'
import { isApiKey } from './api-key-verifier.ts'
import { CredentialError } from './credential-error.ts'
import type { JwtVerifier } from './jwt.ts'
import type { Principal } from './principal.ts'
import { anonymousPrincipal } from './principal.ts'

/** Tells who asks, from the Authorization header. Fails with a CredentialError or KeysUnavailable. */
export type Authenticate = (authorization: string | undefined) => Promise<Principal>

export interface Verifiers {
  readonly jwt: JwtVerifier | undefined
  readonly apiKey: ApiKeyVerifier | undefined
}

/** Where neither is configured, everybody is let in: serve makes sure that only this machine can connect then. */
export function createAuthenticate({ jwt, apiKey }: Verifiers): Authenticate {
  if (jwt === undefined && apiKey === undefined) return async () => anonymousPrincipal
  return async (authorization) => {
    if (authorization === undefined) throw new CredentialError('no credential')
    const [, credential] = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization) ?? []
    if (credential === undefined) throw new CredentialError('not of the form "Bearer …"')
    if (isApiKey(credential)) {
      if (apiKey === undefined) throw new CredentialError('an API key, and there is no API_KEYS_FILE')
      return apiKey(credential)
    }
    if (jwt === undefined) throw new CredentialError('a JWT, and there is no AUTH_JWKS_URL or AUTH_JWKS_FILE')
    return jwt(credential)
  }
}
