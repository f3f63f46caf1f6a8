import type { SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import { Selector } from './selector.ts'

interface EventShape {
  readonly selector: SelectorRow | null
}

export const EventKind = builder.enumType('EventKind', {
  description: 'Kinds of events. Values may be added.',
  values: {
    CALL: { description: 'Missed and pending calls.' },
    MESSAGE: { description: 'Text messages.' },
    PUSH_TEST: { description: 'Push tests.' },
  } as const,
})

/** Implemented by each type that has a time. */
export const Event = builder.interfaceRef<EventShape>('Event')

Event.implement({
  description: 'Something that happened to a selector. Types may be added.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id of the event. Opaque; a migration from schema v1 to v2 keeps it.' }),
    time: t.field({ type: 'DateTime', description: 'When the event happened.' }),
    selector: t.field({
      type: Selector,
      nullable: true,
      description: 'The selector that the event belongs to; null if it has been deleted.',
    }),
  }),
})
