import { AddressText, Foreign } from '../parts/foreign.tsx'
import { latencyOf } from '../parts/format.ts'
import { ReasonText } from '../parts/reasons.tsx'
import { Time, useZone } from '../parts/zone.tsx'
import type { TimelineEvent } from './timeline.tsx'
import { inTimeMs, isPending } from './verdict.ts'

export function EventRow({ event }: { event: TimelineEvent }) {
  return (
    <li>
      <Time time={event.time} />
      <div>{bodyOf(event)}</div>
    </li>
  )
}

function bodyOf(event: TimelineEvent) {
  if ('caller' in event) return <CallBody call={event} />
  if ('sender' in event) return <MessageBody message={event} />
  return <PushTestBody test={event} />
}

function CallBody({ call }: { call: Extract<TimelineEvent, { caller: unknown }> }) {
  return (
    <>
      <span className="kind">Call</span> <AddressText address={call.caller} />
      <br />
      <ReasonText reason={call.missedReason} text={call.missedReasonText} />{' '}
      {call.callId !== null && (
        <span className="quiet call-id">
          Call-ID <Foreign text={call.callId} />
        </span>
      )}
    </>
  )
}

function MessageBody({ message }: { message: Extract<TimelineEvent, { sender: unknown }> }) {
  return (
    <>
      <span className="kind">Message</span> <AddressText address={message.sender} />
      <br />
      <span className="quiet">
        waits for the device
        {message.contentType !== null && (
          <>
            , <Foreign text={message.contentType} />
          </>
        )}
      </span>
    </>
  )
}

function PushTestBody({ test }: { test: Extract<TimelineEvent, { concluded: unknown }> }) {
  return (
    <>
      <span className="kind">Push test</span> <Foreign text={test.platform} />
      <br />
      <PushOutcome started={test.time} concluded={test.concluded} latencyMs={test.latencyMs} />
    </>
  )
}

interface Outcome {
  readonly started: string
  readonly concluded: string | null
  readonly latencyMs: number | null
}

function PushOutcome(outcome: Outcome) {
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
