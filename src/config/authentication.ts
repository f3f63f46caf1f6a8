/** The settings of authentication. Refuses those that would leave the gateway open. */
import { Problem } from '../errors/problem.ts'
import type { Environment } from './environment.ts'
import { withoutEmpty } from './environment.ts'
import { isLoopback } from './loopback.ts'
import type { Misspelled } from './misspelled-settings.ts'
import { describeMisspelled, misspelledHints } from './misspelled-settings.ts'
import type { ValuesOf } from './setting.ts'
import type { authenticationSettings } from './settings/authentication.ts'
import { serverSettings } from './settings/server.ts'

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

type Given = ValuesOf<typeof authenticationSettings>

const secondsOfDay = 86_400

/** Undefined without authentication. Adds a problem for each unsafe combination of settings. */
export function authConfig(given: Given, problems: string[]): AuthConfig | undefined {
  const config = { jwt: jwtConfig(given, problems), apiKeysFile: given.API_KEYS_FILE }
  return config.jwt === undefined && config.apiKeysFile === undefined ? undefined : config
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
      "Refused (jwks-without-issuer): without AUTH_ISSUER another issuer's tokens could pass. Set it to the iss of your tokens.",
    )
  }
  if (audience === undefined) {
    problems.push(
      'Refused (jwks-without-audience): without AUTH_AUDIENCE tokens for another service would pass. Set it to the aud of your tokens.',
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

/** Why the gateway must not start without authentication. Takes raw variables, because other settings may be invalid. */
export function openGatewayProblems(given: Environment, misspelled: readonly Misspelled[]): string[] {
  if ((given['AUTH_JWKS_URL'] ?? given['AUTH_JWKS_FILE'] ?? given['API_KEYS_FILE']) !== undefined) return []
  return [...openBeyondLoopback(given), ...openByMisspelling(misspelled)]
}

function openBeyondLoopback({ HOST = serverSettings.HOST.byDefault }: Environment): string[] {
  if (isLoopback(HOST)) return []
  return [
    `Refused (open-beyond-loopback): HOST is ${HOST}, where other machines could read every call history without a credential. Set ` +
      'AUTH_JWKS_URL, AUTH_JWKS_FILE or API_KEYS_FILE (docs/security.md), or listen on 127.0.0.1.',
  ]
}

function openByMisspelling(misspelled: readonly Misspelled[]): string[] {
  return misspelled
    .filter(({ isAuthentication }) => isAuthentication)
    .map(
      (one) =>
        `Refused (misspelled-authentication): ${describeMisspelled(one)} Without AUTH_JWKS_URL, AUTH_JWKS_FILE or API_KEYS_FILE ` +
        'no credential would be required. Correct the name, or unset the variable.',
    )
}

/**
 * The path of the file of API keys, for the commands that change it.
 *
 * @throws Problem if neither --file nor API_KEYS_FILE is given
 */
export function requireApiKeysFile(file: string | undefined, environment: Environment): string {
  const path = file ?? withoutEmpty(environment)['API_KEYS_FILE']
  if (path !== undefined) return path
  throw new Problem(
    [
      'No file of API keys is named. Give --file keys.jsonl, or set API_KEYS_FILE.',
      ...misspelledHints(environment),
    ].join('\n'),
  )
}
