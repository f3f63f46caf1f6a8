import { BadInput } from '../../loaders/bad-input.ts'
import type { Owned } from '../../loaders/collection.ts'
import type { Condition } from '../../loaders/condition.ts'
import { callConditions } from '../../loaders/filters.ts'
import type { Loaders } from '../../loaders/loaders.ts'
import { reasonOf, reasonWords } from '../../sipis/missed-reason.ts'
import type { CallRow, Projection, SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import type { ListArguments } from '../connection.ts'
import { collectionConnection } from '../connection.ts'
import { spanMs } from '../date-time.ts'
import { encodeNodeId, formatRowId } from '../node-id.ts'
import { ofRow } from '../of-row.ts'
import { nullOnError } from '../semantic-non-null.ts'
import type { TimeOrderValue } from '../time-order.ts'
import { TimeOrder, timeOrder } from '../time-order.ts'
import { Event } from './event.ts'
import { Selector } from './selector.ts'
import { SipAddress, SipAddressFilter } from './sip-address.ts'

type CallShape = Owned<CallRow>

export const MissedReason = builder.enumType('MissedReason', {
  description: 'Why a call was missed. Values may be added: treat a value that your client does not know as UNKNOWN.',
  values: {
    MISSED: { description: 'The call was not answered.' },
    ANSWERED_ELSEWHERE: { description: 'Another device answered the call.' },
    REJECTED_BY_DND: { description: 'Do Not Disturb rejected the call.' },
    UNKNOWN: { description: 'SIPIS recorded a reason that this gateway does not know.' },
  } as const,
})

const Call = builder.objectRef<CallShape>('Call')

Call.implement({
  description: 'A missed call, or a call that SIPIS has not yet reported to the device.',
  interfaces: [Event, builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      ...ofRow,
      description: 'Global id of this call. Opaque; a migration from schema v1 to v2 keeps it.',
      resolve: ({ rowid, owner }) => encodeNodeId('Call', formatRowId({ rowid, selector: owner.selector })),
    }),
    selector: t.expose('selector', { type: Selector, ...nullOnError, description: 'The selector that was called.' }),
    caller: t.expose('caller', { type: SipAddress, description: 'Address of the caller.' }),
    callId: t.exposeString('callId', {
      nullable: true,
      description: 'Call-ID header of the INVITE, e.g. 4f1c2a90b7d35e68@192.0.2.17; null if SIPIS did not record it.',
    }),
    time: t.expose('time', { type: 'DateTime', description: 'When the call arrived.' }),
    missedReason: t.field({
      type: MissedReason,
      nullable: true,
      ...ofRow,
      description: 'Why the call was missed; null if SIPIS did not record it, as on schema v1.',
      resolve: ({ missedReasonText }) => reasonOf(missedReasonText),
    }),
    missedReasonText: t.exposeString('missedReasonText', {
      nullable: true,
      description:
        'The reason in the words of SIPIS, e.g. AnsweredElsewhere; null if SIPIS did not record it. Tells the reasons apart that ' +
        'are UNKNOWN to this gateway.',
    }),
  }),
})

export const CallFilter = builder.inputType('CallFilter', {
  description: 'Conditions that calls must all meet. An omitted or null condition matches every call.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', description: 'Arrived at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Arrived before this time.' }),
    missedReasons: t.field({
      type: [MissedReason],
      description:
        'Missed for one of these reasons. An empty list matches no call; null matches every call. On schema v1, which does not ' +
        'record reasons, any list matches no call.',
    }),
    caller: t.field({ type: SipAddressFilter, description: 'Called from an address that meets these conditions.' }),
    callId: t.string({
      description:
        'Call-ID; exact match, case-sensitive. An empty text matches calls without one. Over all selectors only with `since` and `until` at most 24 ' +
        'hours apart, else BAD_USER_INPUT, because no index finds a Call-ID.',
    }),
  }),
})

const callArgs = builder.args((t) => ({
  filter: t.field({ type: CallFilter, description: 'Return only calls that meet these conditions.' }),
  orderBy: t.field({ type: TimeOrder, defaultValue: 'NEWEST_FIRST', description: 'Sort order, by `time`.' }),
}))

const CallConnection = builder.connectionObject(
  { type: Call, name: 'CallConnection', description: 'A page of calls.' },
  { name: 'CallEdge', description: 'A call and its position in the list.' },
)

builder.objectField(Selector, 'calls', (t) =>
  t.connection(
    {
      type: Call,
      ...nullOnError,
      description: 'Missed and pending calls of this selector.',
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
      ...nullOnError,
      description: 'Missed and pending calls of all selectors.',
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
  return collectionConnection(collection, owner, projection, args, () => ({
    order: timeOrder('calls', projection.calls, args.orderBy),
    conditions: conditionsOf(projection, owner, args.filter),
  }))
}

/**
 * @param owner null for the calls of all selectors
 * @throws BadInput if the filter asks for too much over all selectors
 */
export function conditionsOf(
  { calls }: Projection,
  owner: SelectorRow | null,
  given: CallArguments['filter'],
): Condition[] {
  const { missedReasons, ...filter } = given ?? {}
  if (owner === null && filter.callId != null) checkDay(filter)
  const reasons = missedReasons?.map((reason) => (reason === 'UNKNOWN' ? null : reasonWords[reason])) ?? null
  return callConditions(calls.columns, { ...filter, missedReasons: reasons }, Object.values(reasonWords))
}

const dayMs = 24 * 60 * 60 * 1000

/** @throws BadInput unless the period has both ends, at most a day apart */
function checkDay({ since, until }: typeof CallFilter.$inferInput): void {
  if (since != null && until != null && spanMs(since, until) <= dayMs) return
  throw new BadInput(
    'filter.callId over all selectors needs since and until, at most 24 hours apart. Ask for the calls of one selector without them.',
    ['filter', 'callId'],
  )
}
