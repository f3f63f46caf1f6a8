import type { Observe } from '../telemetry/observation.ts'
import { credentialRefusal } from './credential-refusal.ts'
import { Refusal } from './refusal.ts'

/** What is known of a request that failed. */
interface Failed {
  readonly authorization: string | undefined
  readonly requestId: string
}

/** The refusal that an error becomes. One that is a bug is observed. */
export function refusalOf(error: unknown, { authorization, requestId }: Failed, observe: Observe): Refusal {
  if (error instanceof Refusal) return error
  const ofCredential = credentialRefusal(error, { authorization }, observe)
  if (ofCredential !== undefined) return ofCredential
  observe({ kind: 'requestFailed', requestId, error })
  return new Refusal(500, 'INTERNAL', 'The gateway failed unexpectedly. The log contains the cause.')
}
