import type { CallsQuery, MissedReason } from '../client/documents.ts'
import { CallsDocument } from '../client/documents.ts'
import { aboutReason } from '../parts/reasons.tsx'
import { CallHit } from '../search/hits.tsx'
import { callerOf } from '../search/kinds.ts'
import type { ListAbout } from './list-page.tsx'
import { ListPage } from './list-page.tsx'
import { boundsOf, dayField, spanField } from './spans.ts'

type CallNode = NonNullable<CallsQuery['calls']>['nodes'][number]

const reasons: readonly MissedReason[] = ['MISSED', 'ANSWERED_ELSEWHERE', 'REJECTED_BY_DND', 'UNKNOWN']

const list: ListAbout<CallsQuery, CallNode> = {
  title: 'Missed calls',
  about: 'Calls that were missed, or that SIPIS has not yet reported to the device. Answered calls are not stored.',
  fields: [
    spanField,
    dayField,
    {
      name: 'reason',
      label: 'Reason',
      options: [['', 'any'], ...reasons.map((reason) => [reason, aboutReason(reason).title] as const)],
    },
    { name: 'caller', label: 'Caller', placeholder: 'number, user or user@domain' },
    { name: 'callId', label: 'Call-ID', placeholder: 'with a day' },
  ],
  sourceOf: (parameters, zone) => ({
    query: CallsDocument,
    variables: { filter: filterOf(parameters, zone) },
    connection,
  }),
  row: (call) => <CallHit key={call.id} call={call} />,
  empty: <p>No stored call matches. On schema v1 no reasons are recorded, so a filter for them finds nothing.</p>,
  smaller: <a href="?span=24h">Show the last 24 hours</a>,
  columns: [
    { title: 'time', value: ({ time }) => time, isTime: true },
    { title: 'selector', value: ({ selector }) => selector?.name ?? null },
    { title: 'caller name', value: ({ caller }) => caller.displayName },
    { title: 'caller', value: ({ caller }) => caller.uri },
    { title: 'reason', value: ({ missedReason }) => missedReason },
    { title: 'reason of SIPIS', value: ({ missedReasonText }) => missedReasonText },
    { title: 'Call-ID', value: ({ callId }) => callId },
  ],
}

function connection(data: CallsQuery) {
  return data.calls
}

function filterOf(parameters: URLSearchParams, zone: string) {
  const reason = parameters.get('reason')
  const callId = parameters.get('callId')
  return {
    ...boundsOf(parameters, zone),
    ...(reason === null ? {} : { missedReasons: [reason] }),
    ...(callId === null ? {} : { callId }),
    caller: callerOf(parameters.get('caller') ?? ''),
  }
}

export function CallsPage() {
  return <ListPage list={list} />
}
