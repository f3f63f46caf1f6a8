/** Follows a subscription: its first result is part of the request, and others follow it. */
import type { Principal } from '../../auth/principal.ts'
import type { Limits } from '../../config/limits-interface.ts'
import type { Executor, Subscribed } from '../../execution/execute.ts'
import type { Operation } from '../../execution/operation.ts'
import type { LiveSource } from '../../live/source.ts'
import { createUsage } from '../../loaders/usage.ts'
import type { Audit, AuditEntry } from '../operations/audit.ts'
import type { Admission } from '../traffic/admission.ts'
import type { Place, StreamEvent, StreamWork } from './streams.ts'

export interface SubscriptionOptions {
  /** Of the tables that are served now. */
  readonly executor: () => Executor
  readonly admission: Admission
  readonly limits: Limits
  readonly audit: Audit
  readonly place: Place
  readonly entry: AuditEntry
  /** Charged for each result. */
  readonly charge: (principal: Principal) => unknown
  readonly identify: () => Promise<Principal>
}

interface Opened extends Subscribed {
  readonly source: LiveSource
}

/** The results of a subscription whose first one has data. */
export function followed(
  options: SubscriptionOptions,
  operation: Operation,
  { source, result: first }: Opened,
): (signal: AbortSignal) => AsyncGenerator<StreamEvent> {
  const { place, entry, identify } = options
  const started = performance.now()
  const work: StreamWork = {
    source,
    principal: operation.principal,
    first,
    identify,
    charge: options.charge,
    pull: (principal, signal) => pullOnce(options, { ...operation, principal }, source, signal),
    onEnd(codes) {
      // The opening has a line of its own.
      options.audit({ ...entry, outcome: codes, durationMs: performance.now() - started })
    },
  }
  return (signal) => place.events(work, signal)
}

/** A result takes a place among the operations, is charged and has a deadline, as one of a query does. */
async function pullOnce(
  { executor, admission, limits, entry }: SubscriptionOptions,
  operation: Operation,
  source: LiveSource,
  ended: AbortSignal,
) {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(limits.operationMs)])
  const usage = createUsage(limits.responseBytes)
  const leave = await admission.enter(operation.principal.id, { signal, isOver: signal.aborted })
  try {
    const result = await executor().pull(source, { ...operation, usage, ending: { signal } })
    if (result !== undefined && entry.usage !== undefined) {
      entry.usage.rows += usage.rows
      entry.usage.revealedTokens += usage.revealedTokens
    }
    return result
  } finally {
    leave()
  }
}
