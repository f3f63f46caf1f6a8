import type { Observation } from './observation.ts'
import { replicaPrefix } from './observation.ts'

export interface Unreachable {
  readonly code: string
  readonly message: string
}

export interface ReachedAgain {
  readonly seconds: number
  readonly failedAttempts: number
}

/** Creates a listener that detects when the database becomes unreachable, and when it is reachable again. */
export function createReachability(
  onUnreachable: (failure: Unreachable) => void,
  onReached: (outage: ReachedAgain) => void,
): (observation: Observation) => void {
  let since: number | undefined
  let failedAttempts = 0
  const reached = () => {
    if (since === undefined) return
    onReached({ seconds: Math.round((performance.now() - since) / 100) / 10, failedAttempts })
    since = undefined
    failedAttempts = 0
  }
  return (observation) => {
    if (observation.kind === 'connectionFailed') {
      failedAttempts++
      if (since !== undefined) return
      since = performance.now()
      onUnreachable({ code: observation.code, message: observation.message })
    } else if (observation.kind === 'connectionOpened') reached()
    // With all connections open, a success is the only sign.
    else if (
      observation.kind === 'statementEnded' &&
      observation.failure === undefined &&
      !observation.lane.startsWith(replicaPrefix)
    )
      reached()
  }
}
