import { Link } from 'wouter'
import { AddressText, Foreign } from '../parts/foreign.tsx'
import { PushOutcome } from '../parts/push-outcome.tsx'
import { ReasonText } from '../parts/reasons.tsx'
import { Time } from '../parts/zone.tsx'
import type { TimelineEvent } from './timeline.tsx'

export function EventRow({ event }: { event: TimelineEvent }) {
  return (
    <li data-row={event.__typename === 'Call' ? '' : undefined}>
      <Time time={event.time} />
      <div>{bodyOf(event)}</div>
    </li>
  )
}

function bodyOf(event: TimelineEvent) {
  switch (event.__typename) {
    case 'Call':
      return <CallBody call={event} />
    case 'Message':
      return <MessageBody message={event} />
    case 'PushTest':
      return <PushTestBody test={event} />
    default:
      return <span className="kind">An event that this console does not know</span>
  }
}

function CallBody({ call }: { call: Extract<TimelineEvent, { __typename: 'Call' }> }) {
  return (
    <>
      <span className="kind">Call</span> <AddressText address={call.caller} />
      <br />
      <ReasonText reason={call.missedReason} text={call.missedReasonText} /> <CallerLink caller={call.caller} />
      {call.callId !== null && (
        <span className="quiet call-id">
          Call-ID <Foreign text={call.callId} />
        </span>
      )}
    </>
  )
}

/** Whether one caller is not put through, or all. */
function CallerLink({ caller: { username, domain } }: { caller: { username: string | null; domain: string | null } }) {
  if (username === null) return null
  const caller = domain === null ? username : `${username}@${domain}`
  return (
    <Link className="small" href={`/calls?caller=${encodeURIComponent(caller)}`}>
      all calls of this caller
    </Link>
  )
}

function MessageBody({ message }: { message: Extract<TimelineEvent, { __typename: 'Message' }> }) {
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

function PushTestBody({ test }: { test: Extract<TimelineEvent, { __typename: 'PushTest' }> }) {
  return (
    <>
      <span className="kind">Push test</span> <Foreign text={test.platform} />
      <br />
      <PushOutcome started={test.time} concluded={test.concluded} latencyMs={test.latencyMs} />
    </>
  )
}
