import type { AuthConfig, JwtConfig } from '../config/authentication.ts'
import { createApiKeyVerifier } from './api-key-verifier.ts'
import type { Authenticate } from './authenticate.ts'
import { createAuthenticate } from './authenticate.ts'
import { jwksFromFile, jwksFromUrl } from './jwks.ts'
import { createJwtVerifier } from './jwt.ts'

/**
 * Creates the authentication that the configuration describes.
 *
 * @param warn called with a sentence when keys cannot be fetched or read
 * @throws Problem if a key file is missing or invalid
 */
export function configuredAuthenticate(
  { jwt, apiKeysFile }: AuthConfig,
  warn: (sentence: string) => void,
): Authenticate {
  return createAuthenticate({
    jwt: jwt === undefined ? undefined : createJwtVerifier(keysOf(jwt, warn), jwt),
    apiKey: apiKeysFile === undefined ? undefined : createApiKeyVerifier(apiKeysFile, warn),
  })
}

function keysOf({ keys }: JwtConfig, warn: (sentence: string) => void) {
  return 'url' in keys ? jwksFromUrl(keys.url, warn) : jwksFromFile(keys.file, warn)
}
