import { isLoopback } from '../loopback.ts'
import { optionalText, wholeNumber } from '../setting-forms.ts'

const keySetUrl = optionalText({
  values: 'an https address',
  sentence: "Address of the token issuer's public keys.",
})

export const authenticationSettings = {
  AUTH_JWKS_URL: {
    ...keySetUrl,
    schema: keySetUrl.schema.refine((text) => text === undefined || isSafeUrl(text), {
      error: () =>
        'AUTH_JWKS_URL must be an https address without user and password; http is accepted only for this machine.',
    }),
  },
  AUTH_JWKS_FILE: optionalText({
    values: 'the path of a file',
    sentence: "File with the token issuer's public keys, instead of AUTH_JWKS_URL; read again when it changes.",
  }),
  AUTH_ISSUER: optionalText({
    values: 'a text',
    sentence: 'The `iss` that tokens must have; required with AUTH_JWKS_URL or AUTH_JWKS_FILE.',
  }),
  AUTH_AUDIENCE: optionalText({
    values: 'a text',
    sentence: 'The `aud` that tokens must have; required with AUTH_JWKS_URL or AUTH_JWKS_FILE.',
  }),
  AUTH_CLOCK_SKEW_SECONDS: wholeNumber({
    min: 0,
    max: 300,
    byDefault: 30,
    sentence: 'Seconds by which the clocks of gateway and issuer may differ.',
  }),
  AUTH_MAX_LIFETIME_DAYS: wholeNumber({
    min: 1,
    max: 3_660,
    byDefault: 366,
    sentence: 'Days from now within which a token must expire.',
  }),
  API_KEYS_FILE: optionalText({
    values: 'the path of a file',
    sentence: 'File of API keys, made by `sipis-gateway key create`; only its owner may read it.',
  }),
}

/** Keys that are fetched without TLS could be replaced on the way, and tokens forged. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return username + password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(host)))
}
