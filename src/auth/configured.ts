import type { AuthConfig, JwtConfig } from '../config/authentication.ts'
import { openApiKeyVerifier } from './api-key-verifier.ts'
import type { Authenticate } from './authenticate.ts'
import { openAuthenticate } from './authenticate.ts'
import { jwksFromFile, jwksFromUrl } from './jwks.ts'
import { openJwtVerifier } from './jwt.ts'

/** What the configuration says of who may ask. Fails with a Problem where a file is not good. */
export function configuredAuthenticate(
  { jwt, apiKeysFile }: AuthConfig,
  warn: (sentence: string) => void,
): Authenticate {
  return openAuthenticate({
    jwt: jwt === undefined ? undefined : openJwtVerifier(keysOf(jwt, warn), jwt),
    apiKey: apiKeysFile === undefined ? undefined : openApiKeyVerifier(apiKeysFile, warn),
  })
}

function keysOf({ keys }: JwtConfig, warn: (sentence: string) => void) {
  return 'url' in keys ? jwksFromUrl(keys.url, warn) : jwksFromFile(keys.file)
}
