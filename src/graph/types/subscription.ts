import { sourceOfAll, sourceOfSelector } from '../../live/source.ts'
import { BadInput } from '../../loaders/bad-input.ts'
import type { EventKind as Kind } from '../../loaders/changes.ts'
import { eventKinds } from '../../loaders/changes.ts'
import { builder } from '../builder.ts'
import { Changes, changesSizes, checkedSize } from './changes.ts'
import { EventKind } from './event.ts'

builder.subscriptionType({
  description:
    'Streams of what is new, over Server-Sent Events: send the operation with `Accept: text/event-stream`. A stream ends with an ' +
    'error that says why: UNAVAILABLE when the gateway stops, UNAUTHENTICATED when the credential ends. Go on with the last token.',
})

const first = {
  defaultValue: changesSizes.byDefault,
  description: `Number of events of one answer: 1 to ${changesSizes.most}, and the rest of a transaction.`,
}

builder.subscriptionFields((t) => ({
  changes: t.field({
    type: Changes,
    description:
      'What is new of a selector, as it is stored; the same as `Selector.changes` in a loop. The first answer comes at once: without ' +
      '`since` it has a token alone.',
    args: {
      selector: t.arg.string({ required: true, description: 'Complete selector string, case-sensitive.' }),
      since: t.arg.string({ description: 'The `token` of an earlier answer of this selector.' }),
      first: t.arg.int(first),
    },
    subscribe: (_, args, { hints }) =>
      sourceOfSelector(args.selector.trim(), hints, { since: args.since ?? null, first: streamSize(args.first) }),
    resolve: (source) => ({ ...source.take(), gone: [] }),
  }),
  allChanges: t.field({
    type: Changes,
    description:
      'What is new of all selectors, as it is stored. Requires the scope sipis:read. Its tokens are of these kinds, and of no selector.',
    args: {
      kinds: t.arg({ type: [EventKind], description: 'Only events of these kinds; null or omitted, all.' }),
      since: t.arg.string({ description: 'The `token` of an earlier answer with the same kinds.' }),
      first: t.arg.int(first),
    },
    subscribe: (_, args, { hints }) =>
      sourceOfAll(kindsOf(args.kinds), hints, { since: args.since ?? null, first: streamSize(args.first) }),
    resolve: (source) => ({ ...source.take(), gone: [] }),
  }),
}))

/** A page without events would be asked for again and again. */
function streamSize(size: number | null | undefined): number {
  if (size === 0) throw new BadInput('first is 0; a stream needs at least 1.', ['first'])
  return checkedSize(size)
}

/** Each kind once, in one order, because tokens are bound to them. */
function kindsOf(kinds: readonly Kind[] | null | undefined): readonly Kind[] {
  if (kinds == null) return eventKinds
  if (kinds.length > 0) return eventKinds.filter((kind) => kinds.includes(kind))
  throw new BadInput('kinds is empty, so nothing would ever come. Leave it out for all kinds.', ['kinds'])
}
