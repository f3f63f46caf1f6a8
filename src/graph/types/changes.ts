import type { Pulled } from '../../live/pull.ts'
import { feedOfSelector, pull } from '../../live/pull.ts'
import { BadInput } from '../../loaders/bad-input.ts'
import type { Loaders } from '../../loaders/loaders.ts'
import type { SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import { decodeNodeId, parseRowId } from '../node-id.ts'
import { nullOnError } from '../semantic-non-null.ts'
import { Event } from './event.ts'
import { reloadPushTest, selectorOfPushTest } from './push-test.ts'
import { Selector } from './selector.ts'
import { typedEvent } from './typed-event.ts'

/** Pages of `changes`. */
export const changesSizes = { byDefault: 50, most: 100 }
const mostHeld = 100

const ResetReason = builder.enumType('ResetReason', {
  description:
    'Why the lists have to be read anew. Values may be added: treat a value that your client does not know like the others.',
  values: {
    EXPIRED: {
      description: 'The token is older than 30 days, or than a billion transactions, or its key is no longer used.',
    },
    DATABASE_CHANGED: {
      description: 'Another database stands behind the gateway: restored, upgraded, promoted or moved.',
    },
    TOO_MUCH: {
      description: 'More has changed than a page, or what a token remembers, can hold.',
    },
  } as const,
})

interface ChangesShape extends Pulled {
  readonly gone: readonly string[]
}

export const Changes = builder.objectRef<ChangesShape>('Changes')

Changes.implement({
  description: 'What is new since a token.',
  fields: (t) => ({
    events: t.field({
      type: [Event],
      description:
        'Calls, messages and push tests that were stored or changed since the token, as they are now: insert each, or replace the one ' +
        'with its id. Several changes of one event come as one. In the order in which SIPIS began to store them.',
      resolve: ({ versions }) => versions.map(({ kind, row }) => typedEvent(kind, row)),
    }),
    gone: t.idList({
      description: 'Those of `held` that SIPIS has deleted since.',
      resolve: ({ gone }) => [...gone],
    }),
    token: t.exposeString('token', {
      description:
        'Pass it as `since` next time. Opaque, at most 60,000 characters, valid for 30 days and for this selector only; it grants ' +
        'nothing by itself.',
    }),
    hasMore: t.exposeBoolean('hasMore', { description: 'Whether more is new already: ask again with the new token.' }),
    reset: t.field({
      type: ResetReason,
      nullable: true,
      description:
        'Why the token cannot be continued: discard what you hold, keep the new token, then read the lists. Null if it can.',
      resolve: ({ reset }) => reset,
    }),
  }),
})

builder.objectField(Selector, 'changes', (t) =>
  t.field({
    type: Changes,
    ...nullOnError,
    description:
      'What is new since a token of an earlier answer; without one, a token alone. Take a token first, then read the lists, then ask ' +
      'with the token: nothing is missed, however late it was stored. NOT_SUPPORTED where the database does not allow it.',
    args: {
      since: t.arg.string({
        description:
          'The `token` of an earlier answer. A token of another selector, or a damaged one, is BAD_USER_INPUT.',
      }),
      first: t.arg.int({
        defaultValue: changesSizes.byDefault,
        description:
          `Number of events to return: 0 to ${changesSizes.most}. What was stored in one transaction is not split, so that there may be ` +
          'up to 1,000. Other values are BAD_USER_INPUT.',
      }),
      held: t.arg.idList({
        description: `Ids of events of this selector that the client holds, at most ${mostHeld}, to learn which of them are gone.`,
      }),
    },
    resolve: async (owner, { since, first, held }, { loaders, changeTokens }) => {
      const asked = { since: since ?? null, first: checkedSize(first) }
      const ids = checkedIds(owner, held ?? [])
      const pulled = await pull(loaders, changeTokens, feedOfSelector(loaders, owner), asked)
      return { ...pulled, gone: await goneOf(loaders, ids, pulled) }
    },
  }),
)

export function checkedSize(first: number | null | undefined): number {
  const size = first ?? changesSizes.byDefault
  if (size >= 0 && size <= changesSizes.most) return size
  throw new BadInput(`first is ${size}; it must be from 0 to ${changesSizes.most}.`, ['first'])
}

function checkedIds({ selector }: SelectorRow, held: readonly string[]): readonly string[] {
  if (held.length > mostHeld) {
    throw new BadInput(`held takes at most ${mostHeld} ids, but ${held.length} are given. Ask several times.`, ['held'])
  }
  for (const [index, id] of held.entries()) {
    if (selectorOf(id, index) === selector) continue
    throw new BadInput(`held[${index}] is not an event of this selector.`, ['held', index])
  }
  return held
}

/** The selector that an id names; null for one that is not of an event. */
function selectorOf(nodeId: string, index: number): string | null {
  try {
    const { typename, id } = decodeNodeId(nodeId)
    if (typename === 'Call' || typename === 'Message') return parseRowId(id).selector
    return typename === 'PushTest' ? selectorOfPushTest(id) : null
  } catch (error) {
    throw error instanceof BadInput ? error.of(['held', index]) : error
  }
}

/**
 * A standby may not have replayed what the client holds, so it cannot say what is gone, and neither can an operation that has gone on to
 * another server.
 */
async function goneOf(loaders: Loaders, held: readonly string[], { mayLag, reset }: Pulled): Promise<string[]> {
  if (mayLag || reset !== null) return []
  const exact = held.filter((id) => !isInexact(id))
  const found = await Promise.all(exact.map((id) => reload(id, loaders)))
  return loaders.changes.moves() === 0 ? exact.filter((_, index) => found[index] === null) : []
}

/** Bytes that are not UTF-8 are given as U+FFFD, by which a row is not found again. */
function isInexact(nodeId: string): boolean {
  return decodeNodeId(nodeId).id.includes('\ufffd')
}

/** Reads after the pull: another field may have looked before what the pull has seen was stored or replayed. */
async function reload(nodeId: string, loaders: Loaders): Promise<object | null> {
  const { typename, id } = decodeNodeId(nodeId)
  if (typename === 'PushTest') return reloadPushTest(id, loaders)
  const { rowid, selector } = parseRowId(id)
  const collection = typename === 'Call' ? loaders.calls : loaders.messages
  return collection.reload({ selector, value: rowid })
}
