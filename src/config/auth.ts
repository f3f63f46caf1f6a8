/** Who may ask: where the keys are that credentials are checked with. */
import { z } from 'zod'
import { isLoopback, wholeNumber } from './values.ts'

export interface JwtConfig {
  readonly keys: { readonly url: URL } | { readonly file: string }
  readonly issuer: string
  readonly audience: string
  readonly clockSkewSeconds: number
  readonly maxLifetimeSeconds: number
}

export interface AuthConfig {
  readonly jwt: JwtConfig | undefined
  readonly apiKeysFile: string | undefined
}

export const authSettings = {
  AUTH_JWKS_URL: z
    .string()
    .refine(isSafeUrl, {
      error: () =>
        'AUTH_JWKS_URL must be an https address without user and password; http is taken of this machine alone.',
    })
    .optional(),
  AUTH_JWKS_FILE: z.string().optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  AUTH_CLOCK_SKEW_SECONDS: wholeNumber('AUTH_CLOCK_SKEW_SECONDS', 0, 300, 30),
  AUTH_MAX_LIFETIME_DAYS: wholeNumber('AUTH_MAX_LIFETIME_DAYS', 1, 3_660, 366),
  API_KEYS_FILE: z.string().optional(),
}

type Given = z.infer<z.ZodObject<typeof authSettings>>

const secondsOfDay = 86_400

/** Adds to the problems what cannot be served safely. */
export function authConfig(given: Given, problems: string[]): AuthConfig {
  return { jwt: jwtConfig(given, problems), apiKeysFile: given.API_KEYS_FILE }
}

function jwtConfig(given: Given, problems: string[]): JwtConfig | undefined {
  const { AUTH_JWKS_URL: url, AUTH_JWKS_FILE: file, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = given
  if (url === undefined && file === undefined) {
    if (issuer === undefined && audience === undefined) return undefined
    problems.push(
      'Refused (issuer-without-jwks): AUTH_ISSUER or AUTH_AUDIENCE is set, but no keys. Set AUTH_JWKS_URL or AUTH_JWKS_FILE.',
    )
    return undefined
  }
  if (url !== undefined && file !== undefined)
    problems.push('Both AUTH_JWKS_URL and AUTH_JWKS_FILE are set. Set one of them.')
  if (issuer === undefined) {
    problems.push(
      "Refused (jwks-without-issuer): without AUTH_ISSUER another issuer's credentials could pass. Set it to the iss of yours.",
    )
  }
  if (audience === undefined) {
    problems.push(
      'Refused (jwks-without-audience): without AUTH_AUDIENCE credentials meant for another service would pass. Set it to the aud of yours.',
    )
  }
  return {
    keys: url === undefined ? { file: file ?? '' } : { url: new URL(url) },
    issuer: issuer ?? '',
    audience: audience ?? '',
    clockSkewSeconds: given.AUTH_CLOCK_SKEW_SECONDS,
    maxLifetimeSeconds: given.AUTH_MAX_LIFETIME_DAYS * secondsOfDay,
  }
}

/** Whoever could change the keys on their way could let themselves in. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return username + password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(host)))
}
