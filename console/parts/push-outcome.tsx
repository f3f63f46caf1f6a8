import { inTimeMs, isPending } from '../selector/verdict.ts'
import { latencyOf } from './format.ts'
import { useZone } from './zone.tsx'

interface Outcome {
  readonly started: string
  readonly concluded: string | null
  readonly latencyMs: number | null
}

export function PushOutcome(outcome: Outcome) {
  const { now } = useZone()
  const { tone, text } = outcomeOf(outcome, now)
  return (
    <span className="reason">
      <span className={`dot ${tone}`} aria-hidden="true" />
      {text}
    </span>
  )
}

function outcomeOf(outcome: Outcome, now: number): { tone: string; text: string } {
  const { concluded, latencyMs } = outcome
  if (concluded === null) {
    return isPending(outcome, now)
      ? { tone: 'push-pending', text: 'pending' }
      : { tone: 'push-none', text: 'no answer' }
  }
  if (latencyMs === null) return { tone: 'push-good', text: 'answered' }
  if (latencyMs > inTimeMs) return { tone: 'push-late', text: `answered too late, in ${latencyOf(latencyMs)}` }
  return { tone: 'push-good', text: `answered in ${latencyOf(latencyMs)}` }
}
