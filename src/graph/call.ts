import type { Owned } from '../loaders/collection.ts'
import { callConditions } from '../loaders/filters.ts'
import type { Loaders } from '../loaders/loaders.ts'
import { reasonWords } from '../versions/missed-reason.ts'
import type { CallRow, SelectorRow } from '../versions/projection.ts'
import { builder } from './builder.ts'
import type { ListArguments } from './connection.ts'
import { collectionConnection } from './connection.ts'
import { encodeNodeId, formatRowId } from './node-id.ts'
import { Selector } from './selector.ts'
import { SipAddress } from './sip-address.ts'
import type { TimeOrderValue } from './time-order.ts'
import { TimeOrder, timeOrder } from './time-order.ts'

type CallShape = Owned<CallRow>

const MissedReason = builder.enumType('MissedReason', {
  description: 'Why a call did not reach the user.',
  values: {
    MISSED: { description: 'Nobody answered.' },
    ANSWERED_ELSEWHERE: { description: 'Another device answered.' },
    REJECTED_BY_DND: { description: 'Do Not Disturb rejected it.' },
    UNKNOWN: { description: 'A reason that SIPIS gave and this gateway does not know.' },
  } as const,
})

export const Call = builder.objectRef<CallShape>('Call')

Call.implement({
  description: 'A call that was missed, or one that still waits to be reported to the device.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Names this call, before and after a migration.',
      resolve: ({ rowid, owner }) => encodeNodeId('Call', formatRowId({ rowid, selector: owner.selector })),
    }),
    selector: t.expose('selector', { type: Selector, description: 'Who was called.' }),
    caller: t.expose('caller', { type: SipAddress, description: 'Who called.' }),
    callId: t.exposeString('callId', {
      description: 'The Call-ID of the INVITE; empty where SIPIS did not record it.',
    }),
    time: t.expose('time', { type: 'DateTime', description: 'When the call came.' }),
    missedReason: t.expose('missedReason', {
      type: MissedReason,
      nullable: true,
      description: 'Why it was missed; null where the database does not record it, which is schema v1.',
    }),
  }),
})

const CallFilter = builder.inputType('CallFilter', {
  description: 'Which calls; what is left out or null does not restrict.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', description: 'At this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Before this instant.' }),
    missedReason: t.field({
      type: [MissedReason],
      description: 'For one of these reasons. On schema v1, which records none, no call passes.',
    }),
    callerUsername: t.string({ description: "The caller's user part is exactly this." }),
    callerDomain: t.string({ description: "The caller's domain is exactly this." }),
  }),
})

const callArgs = builder.args((t) => ({
  filter: t.field({ type: CallFilter, description: 'Restricts the list.' }),
  orderBy: t.field({ type: TimeOrder, defaultValue: 'NEWEST_FIRST', description: 'How the list is sorted.' }),
}))

const CallConnection = builder.connectionObject(
  { type: Call, name: 'CallConnection', description: 'A page of calls.' },
  { name: 'CallEdge', description: 'A call and its position in the list.' },
)

builder.objectField(Selector, 'calls', (t) =>
  t.connection(
    {
      type: Call,
      description: 'Its missed and pending calls.',
      args: callArgs,
      resolve: (owner, args, { loaders }) => calls(loaders, owner, args),
    },
    CallConnection,
  ),
)

builder.queryField('calls', (t) =>
  t.connection(
    {
      type: Call,
      description: 'The missed and pending calls of all selectors.',
      args: callArgs,
      resolve: (_, args, { loaders }) => calls(loaders, null, args),
    },
    CallConnection,
  ),
)

interface CallArguments extends ListArguments {
  readonly filter?: typeof CallFilter.$inferInput | null | undefined
  readonly orderBy?: TimeOrderValue | null | undefined
}

function calls({ calls: collection, projection }: Loaders, owner: SelectorRow | null, args: CallArguments) {
  const { missedReason, ...filter } = args.filter ?? {}
  const asked = missedReason?.map((reason) => (reason === 'UNKNOWN' ? null : reasonWords[reason])) ?? null
  const conditions = callConditions(
    projection.calls.columns,
    { ...filter, missedReason: asked },
    Object.values(reasonWords),
  )
  return collectionConnection(collection, owner, timeOrder('c', projection.calls, args.orderBy), conditions, args)
}
