import type { Owned } from '../../loaders/collection.ts'
import { pushTestConditions } from '../../loaders/filters.ts'
import type { Loaders } from '../../loaders/loaders.ts'
import type { PushTestRow, SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import type { ListArguments } from '../connection.ts'
import { collectionConnection } from '../connection.ts'
import { millisecondsBetween } from '../date-time.ts'
import { encodeNodeId, notAnId } from '../node-id.ts'
import { ofRow } from '../of-row.ts'
import { nullOnError } from '../semantic-non-null.ts'
import type { TimeOrderValue } from '../time-order.ts'
import { TimeOrder, timeOrder } from '../time-order.ts'
import { Event } from './event.ts'
import { Selector } from './selector.ts'

type PushTestShape = Owned<PushTestRow, null>

export const PushTest = builder.objectRef<PushTestShape>('PushTest')

PushTest.implement({
  description: 'A push notification sent only to test delivery, with its outcome.',
  interfaces: [Event, builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      ...ofRow,
      description: 'Global id of this push test. Opaque; a migration from schema v1 to v2 keeps it.',
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
        'The selector that was tested; null if it has been deleted, because push tests outlive their selector.',
    }),
    selectorName: t.string({
      nullable: true,
      ...ofRow,
      description:
        'Name of the selector that was tested, also if it has been deleted meanwhile. On schema v1, which stores no names, null if it ' +
        'has been deleted.',
      resolve: ({ owner, selectorName }) => owner?.selector ?? selectorName,
    }),
    pushId: t.exposeString('pushId', {
      description: 'Identifier in the push, which the device returns to confirm delivery.',
    }),
    platform: t.exposeString('platform', {
      description: 'Platform of the device, as stored by SIPIS, e.g. iOS or Android.',
    }),
    time: t.expose('started', { type: 'DateTime', description: 'When the push was sent; the same as `started`.' }),
    started: t.expose('started', { type: 'DateTime', description: 'When the push was sent.' }),
    concluded: t.expose('concluded', {
      type: 'DateTime',
      nullable: true,
      description: 'When the device confirmed delivery; null if it has not.',
    }),
    latencyMs: t.float({
      nullable: true,
      ...ofRow,
      description:
        'Time from `started` to `concluded`, in milliseconds; null if `concluded` is null or either time is infinite.',
      resolve: ({ started, concluded }) => (concluded === null ? null : millisecondsBetween(started, concluded)),
    }),
  }),
})

const PushTestFilter = builder.inputType('PushTestFilter', {
  description: 'Conditions that push tests must all meet. An omitted or null condition matches every push test.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', description: 'Started at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Started before this time.' }),
    platform: t.string({ description: 'Platform; exact match, case-sensitive, e.g. iOS.' }),
    selectorName: t.string({
      description:
        'Name of the selector; exact match, case-sensitive. On schema v2 it finds push tests of deleted selectors as well.',
    }),
    isConcluded: t.boolean({
      description:
        'true: only push tests that the device confirmed. false: only push tests without confirmation. null: both.',
    }),
  }),
})

const pushTestArgs = builder.args((t) => ({
  filter: t.field({ type: PushTestFilter, description: 'Return only push tests that meet these conditions.' }),
  orderBy: t.field({
    type: TimeOrder,
    defaultValue: 'NEWEST_FIRST',
    description: 'Sort order, by `started`.',
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
      ...nullOnError,
      description: 'Push tests of this selector.',
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
      ...nullOnError,
      description: 'Push tests of all selectors, including those whose selector has been deleted.',
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
  return collectionConnection(collection, owner, projection, args, () => ({
    order: timeOrder('pushTests', projection.pushTests, args.orderBy),
    conditions: pushTestConditions(projection.pushTests, args.filter ?? {}),
  }))
}

/** What is at each id, by one promise for all whose selector exists. */
export async function loadPushTests(
  ids: readonly PushTestId[],
  { pushTests, orphanPushTests }: Loaders,
): Promise<(PushTestShape | null | Error)[]> {
  const owned = ids.flatMap(({ selector, pushId }) => (selector === undefined ? [] : [{ selector, value: pushId }]))
  const orphans = ids.filter(({ selector }) => selector === undefined)
  const [ofSelectors, ofNone] = await Promise.all([
    pushTests.byIdentities(owned),
    Promise.all(orphans.map((id) => orphanPushTests.load(id).catch(asError))),
  ])
  const rows = { owned: ofSelectors.values(), orphan: ofNone.values() }
  return ids.map(({ selector }) => rows[selector === undefined ? 'orphan' : 'owned'].next().value ?? null)
}

/** What is at the id, past what the operation has loaded before; null if the selector was deleted. */
export async function reloadPushTest(id: string, { pushTests }: Loaders): Promise<PushTestShape | null> {
  const { selector, pushId } = parsePushTestId(id)
  return selector === undefined ? null : pushTests.reload({ selector, value: pushId })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** The selector that the id names; null if it was deleted. */
export function selectorOfPushTest(id: string): string | null {
  return parsePushTestId(id).selector ?? null
}

export interface PushTestId {
  /** Undefined if the selector has been deleted; `key` then holds the key of that selector. */
  readonly selector: string | undefined
  readonly key: string
  readonly pushId: string
}

/** @throws BadInput if no push test has such an id */
export function parsePushTestId(id: string): PushTestId {
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
