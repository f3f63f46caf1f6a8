/** What comes before an operation, whatever transport brings it: the rate limit of its address, its caller, its line in the audit log. */
import type { Authenticate } from '../../auth/authenticate.ts'
import { KeysUnavailable } from '../../auth/credential-error.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Observe } from '../../telemetry/observation.ts'
import { credentialRefusal } from '../credential-refusal.ts'
import type { Exchange } from '../exchange.ts'
import type { PendingAuditEntry } from '../operations/audit.ts'
import { audited } from '../operations/audit.ts'
import type { Receiver } from '../receiver.ts'
import type { OperationOptions } from './operation.ts'
import { RequestDeadline } from './request-deadline.ts'

export interface CallerOptions extends OperationOptions {
  readonly authenticate: Authenticate
  readonly observe: Observe
}

/** A request for an operation, before its caller is known. */
export interface Asked {
  /** Of the client, for the rate limit. */
  readonly address: () => string
  readonly authorization: string | undefined
  readonly receiver: Receiver
  readonly exchange: Exchange
}

/** @throws Refusal if the address has sent too many requests, or CredentialError */
export async function asCaller<T>(
  options: CallerOptions,
  { address, authorization, receiver, exchange }: Asked,
  work: (entry: PendingAuditEntry, deadline: RequestDeadline) => Promise<T>,
): Promise<T> {
  using deadline = new RequestDeadline(receiver, options.limits.operationMs)
  await deadline.wait(options.rateLimits.ofAddress(address))
  const principal = await deadline.wait(options.authenticate(authorization))
  // The deadline ends with this function, so it has to wait for the answer.
  return await audited(options.audit, principal, receiver, (entry) => {
    exchange.entry = entry
    return work(entry, deadline)
  })
}

/**
 * Identifies the caller of a stream again, because a credential may expire or be revoked meanwhile.
 *
 * @throws Refusal 401 if it is no longer good
 */
export async function identifyAgain(
  { authenticate, observe }: Pick<CallerOptions, 'authenticate' | 'observe'>,
  authorization: string | undefined,
  known: Principal,
): Promise<Principal> {
  try {
    return await authenticate(authorization)
  } catch (error) {
    // Keys that cannot be read for a while end no stream.
    if (error instanceof KeysUnavailable) return known
    throw credentialRefusal(error, { authorization }, observe) ?? error
  }
}
