import { CredentialError, KeysUnavailable } from '../auth/credential-error.ts'
import type { Observe } from '../telemetry/observation.ts'
import { Refusal } from './refusal.ts'

/** The refusal of a request whose credential was not accepted; undefined for another error. */
export function credentialRefusal(
  error: unknown,
  { authorization }: { readonly authorization?: string | undefined },
  observe: Observe,
): Refusal | undefined {
  if (error instanceof KeysUnavailable) return keysUnavailable
  if (!(error instanceof CredentialError)) return undefined
  observe({ kind: 'credentialRefused', reason: error.message })
  return unauthenticated(authorization === undefined ? 'MISSING' : error.hasExpired ? 'EXPIRED' : 'INVALID')
}

/** What the response says of a credential. Why it was rejected otherwise stays in the log. */
const credentialProblems = {
  MISSING: { message: 'A credential is required. Send the header Authorization: Bearer …', parameters: '' },
  INVALID: {
    message: 'The credential is not accepted. Get a new one from its issuer.',
    parameters: ', error="invalid_token"',
  },
  EXPIRED: {
    message: 'The credential has expired. Refresh it, and send the request again.',
    parameters: ', error="invalid_token", error_description="The credential has expired"',
  },
} as const

function unauthenticated(reason: keyof typeof credentialProblems): Refusal {
  const { message, parameters } = credentialProblems[reason]
  const headers = { 'www-authenticate': `Bearer realm="sipis-gateway"${parameters}` }
  return new Refusal(401, 'UNAUTHENTICATED', message, { headers, reason })
}

const keysUnavailable = new Refusal(
  503,
  'UNAVAILABLE',
  'The credential cannot be verified now, because the verification keys are unavailable. Retry in 10 seconds.',
  { headers: { 'retry-after': '10' } },
)
