import type { Owned } from '../loaders/collection.ts'
import { pushTestConditions } from '../loaders/filters.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { PushTestRow, SelectorRow } from '../versions/projection.ts'
import { builder } from './builder.ts'
import type { ListArguments } from './connection.ts'
import { collectionConnection } from './connection.ts'
import { millisecondsBetween } from './date-time.ts'
import { encodeNodeId, notAnId } from './node-id.ts'
import { Selector } from './selector.ts'
import type { TimeOrderValue } from './time-order.ts'
import { TimeOrder, timeOrder } from './time-order.ts'

type PushTestShape = Owned<PushTestRow, null>

export const PushTest = builder.objectRef<PushTestShape>('PushTest')

PushTest.implement({
  description: 'A push that was sent only to see whether it arrives.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Names this push test, before and after a migration.',
      resolve: ({ owner, key, pushId }) =>
        encodeNodeId(
          'PushTest',
          owner === null ? JSON.stringify(['orphan', key, pushId]) : JSON.stringify([owner.selector, pushId]),
        ),
    }),
    selector: t.expose('selector', {
      type: Selector,
      nullable: true,
      description:
        'The installation that it was sent to; null where that is gone, for push tests outlive their selector.',
    }),
    pushId: t.exposeString('pushId', { description: 'What the device answers with.' }),
    platform: t.exposeString('platform', { description: 'The push service that carried it, in the words of SIPIS.' }),
    started: t.expose('started', { type: 'DateTime', description: 'When it was sent.' }),
    concluded: t.expose('concluded', {
      type: 'DateTime',
      nullable: true,
      description: 'When the device answered; null while it has not.',
    }),
    latencyMs: t.float({
      nullable: true,
      description: 'From started to concluded in milliseconds; null while pending, and where one of them is infinite.',
      resolve: ({ started, concluded }) => (concluded === null ? null : millisecondsBetween(started, concluded)),
    }),
  }),
})

const PushTestFilter = builder.inputType('PushTestFilter', {
  description: 'Which push tests; what is left out or null does not restrict.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', description: 'Started at this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this instant.' }),
    platform: t.string({ description: 'The platform is exactly this.' }),
    concluded: t.boolean({ description: 'true: the device has answered. false: it has not.' }),
  }),
})

const pushTestArgs = builder.args((t) => ({
  filter: t.field({ type: PushTestFilter, description: 'Restricts the list.' }),
  orderBy: t.field({
    type: TimeOrder,
    defaultValue: 'NEWEST_FIRST',
    description: 'How the list is sorted, by started.',
  }),
}))

const PushTestConnection = builder.connectionObject(
  { type: PushTest, name: 'PushTestConnection', description: 'A page of push tests.' },
  { name: 'PushTestEdge', description: 'A push test and its position in the list.' },
)

builder.objectField(Selector, 'pushTests', (t) =>
  t.connection(
    {
      type: PushTest,
      description: 'The push tests that were sent to it.',
      args: pushTestArgs,
      resolve: (owner, args, { loaders }) => pushTests(loaders, owner, args),
    },
    PushTestConnection,
  ),
)

builder.queryField('pushTests', (t) =>
  t.connection(
    {
      type: PushTest,
      description: 'All push tests, also those whose selector is gone.',
      args: pushTestArgs,
      resolve: (_, args, { loaders }) => pushTests(loaders, null, args),
    },
    PushTestConnection,
  ),
)

interface PushTestArguments extends ListArguments {
  readonly filter?: typeof PushTestFilter.$inferInput | null | undefined
  readonly orderBy?: TimeOrderValue | null | undefined
}

function pushTests({ pushTests: collection, projection }: Loaders, owner: SelectorRow | null, args: PushTestArguments) {
  const conditions = pushTestConditions(projection.pushTests.columns, args.filter ?? {})
  return collectionConnection(collection, owner, timeOrder('p', projection.pushTests, args.orderBy), conditions, args)
}

export async function loadPushTest(id: string, { pushTests, orphanPushTests }: Loaders): Promise<PushTestShape | null> {
  const { selector, key, pushId } = parseId(id)
  if (selector === undefined) return orphanPushTests.load({ key, pushId })
  return pushTests.byIdentity({ selector, value: pushId })
}

interface PushTestId {
  /** Undefined for a push test whose selector is gone: then the key names what it belonged to. */
  readonly selector: string | undefined
  readonly key: string
  readonly pushId: string
}

function parseId(id: string): PushTestId {
  const parts = parseStrings(id)
  const [first, second, third] = parts
  if (parts.length === 2 && first !== undefined && second !== undefined)
    return { selector: first, key: '', pushId: second }
  const isOrphan = parts.length === 3 && first === 'orphan' && second !== undefined && third !== undefined
  return isOrphan ? { selector: undefined, key: second, pushId: third } : notAnId(id)
}

function parseStrings(json: string): string[] {
  try {
    const parts: unknown = JSON.parse(json)
    return Array.isArray(parts) ? parts.filter((part) => typeof part === 'string') : []
  } catch {
    return []
  }
}
