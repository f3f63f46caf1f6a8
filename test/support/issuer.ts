/** A JWT issuer for tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CryptoKey, JWTPayload } from 'jose'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Authenticate } from '../../src/auth/authenticate.ts'
import { createAuthenticate } from '../../src/auth/authenticate.ts'
import { jwksFromFile } from '../../src/auth/jwks.ts'
import type { JwtOptions } from '../../src/auth/jwt.ts'
import { createJwtVerifier } from '../../src/auth/jwt.ts'

export const options: JwtOptions = {
  issuer: 'https://issuer.example',
  audience: 'sipis-gateway',
  clockSkewSeconds: 30,
  maxLifetimeSeconds: 86_400,
}

export interface Issuer extends AsyncDisposable {
  /** The file with its public keys. */
  readonly jwksFile: string
  readonly jwks: { readonly keys: object[] }
  readonly privateKey: CryptoKey
  readonly authenticate: Authenticate
  /** A valid token, except for the given properties. */
  sign(claims: JWTPayload, header?: object): Promise<string>
  /** A token of a principal with these scopes. */
  tokenOf(sub: string, scope: string): Promise<string>
}

export async function openIssuer(algorithm = 'ES256', kid = 'key-1'): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] }
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-issuer-'))
  const jwksFile = join(folder, 'jwks.json')
  await writeFile(jwksFile, JSON.stringify(jwks))
  const sign = (claims: JWTPayload, header: object = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, ...header }).sign(privateKey)
  return {
    jwksFile,
    jwks,
    privateKey,
    authenticate: createAuthenticate({
      jwt: createJwtVerifier(
        jwksFromFile(jwksFile, () => undefined),
        options,
      ),
      apiKey: undefined,
    }),
    sign,
    tokenOf: (sub, scope) => sign({ ...goodClaims(), sub, scope }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

export function goodClaims(): JWTPayload {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: options.issuer,
    aud: options.audience,
    sub: 'somebody',
    scope: 'sipis:read',
    iat: now,
    exp: now + 600,
  }
}
