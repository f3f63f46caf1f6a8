import { eventKinds } from '../../loaders/changes.ts'
import { windowOf } from '../../loaders/keyset.ts'
import type { Timeline } from '../../loaders/timeline.ts'
import { kindOfEvent } from '../../loaders/timeline.ts'
import { timelineOrder } from '../../loaders/timeline-statements.ts'
import type { SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import type { ListArguments } from '../connection.ts'
import { Connection } from '../connection.ts'
import { nullOnError } from '../semantic-non-null.ts'
import { TimeOrder } from '../time-order.ts'
import { Event, EventKind } from './event.ts'
import { Selector } from './selector.ts'
import { typedEvent } from './typed-event.ts'

const EventConnection = builder.connectionObject(
  { type: Event, name: 'EventConnection', description: 'A page of events.' },
  { name: 'EventEdge', description: 'An event and its position in the list.' },
)

builder.objectField(Selector, 'timeline', (t) =>
  t.connection(
    {
      type: Event,
      ...nullOnError,
      description:
        'Calls, messages and push tests of this selector in one order, by `time`. At one time, push tests come before messages, and ' +
        'messages before calls; NEWEST_FIRST is the reverse. Counts are the sums of the kinds.',
      args: {
        kinds: t.arg({
          type: [EventKind],
          description: 'Only events of these kinds. An empty list matches no event; null or omitted, all.',
        }),
        since: t.arg({ type: 'DateTime', description: 'Happened at or after this time.' }),
        until: t.arg({ type: 'DateTime', description: 'Happened before this time.' }),
        orderBy: t.arg({ type: TimeOrder, defaultValue: 'NEWEST_FIRST', description: 'Sort order, by `time`.' }),
      },
      resolve: (owner, args, { loaders }) => timelineOf(loaders.timeline, owner, args),
    },
    EventConnection,
  ),
)

interface TimelineArguments extends ListArguments {
  readonly kinds?: readonly (typeof EventKind.$inferType)[] | null | undefined
  readonly since?: string | null | undefined
  readonly until?: string | null | undefined
}

function timelineOf(timeline: Timeline, owner: SelectorRow, args: TimelineArguments) {
  const { kinds: asked, since, until, orderBy, ...page } = args
  const kinds = asked == null ? eventKinds : eventKinds.filter((kind) => asked.includes(kind))
  const order = timelineOrder(orderBy !== 'OLDEST_FIRST')
  const query = { kinds, since, until, signature: JSON.stringify([kinds, since, until, orderBy, page]) }
  const window = windowOf(order, page)
  return new Connection(order, window, {
    async page() {
      const found = await timeline.pageOf(owner, { ...query, window })
      return { ...found, rows: found.rows.map((row) => typedEvent(kindOfEvent(row), row)) }
    },
    count: (range) =>
      timeline.countOf(owner, {
        ...query,
        bounds: range.length === 0 ? [] : window.bounds,
        signature: JSON.stringify([
          kinds,
          since,
          until,
          ...(range.length === 0 ? [] : [orderBy, page.after, page.before]),
        ]),
      }),
  })
}
