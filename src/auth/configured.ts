import type { AuthConfig } from '../config/authentication.ts'
import { createApiKeyVerifier } from './api-key-verifier.ts'
import type { Authenticate } from './authenticate.ts'
import { createAuthenticate } from './authenticate.ts'
import { jwksFromFile, jwksFromUrl } from './jwks.ts'
import { createJwtVerifier } from './jwt.ts'

/** The authentication that the configuration describes. */
export interface ConfiguredAuthentication {
  readonly authenticate: Authenticate
  /** Why credentials cannot be verified now, without secrets; undefined if they can. */
  problem(): Promise<string | undefined>
}

/**
 * Creates the authentication that the configuration describes.
 *
 * @param warn called with a sentence when keys cannot be fetched or read
 * @throws Problem if a key file is missing or invalid
 */
export function configuredAuthentication(
  { jwt, apiKeysFile }: AuthConfig,
  warn: (sentence: string) => void,
): ConfiguredAuthentication {
  const keys = jwt?.keys
  const issuer = keys !== undefined && 'url' in keys ? jwksFromUrl(keys.url, warn) : undefined
  const file = keys !== undefined && 'file' in keys ? jwksFromFile(keys.file, warn) : undefined
  const known = issuer ?? file
  const apiKey = apiKeysFile === undefined ? undefined : createApiKeyVerifier(apiKeysFile, warn)
  return {
    authenticate: createAuthenticate({
      jwt: jwt === undefined || known === undefined ? undefined : createJwtVerifier(known, jwt),
      apiKey,
    }),
    problem: async () => apiKey?.problem() ?? (await issuer?.problem()),
  }
}
