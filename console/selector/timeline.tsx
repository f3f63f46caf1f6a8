import { useState } from 'react'
import type { EventKind, TimelineQuery } from '../client/documents.ts'
import { TimelineDocument } from '../client/documents.ts'
import { PageRows } from '../lists/pages.tsx'
import { usePages } from '../lists/use-pages.ts'
import { Section } from '../parts/page.tsx'
import { useZone } from '../parts/zone.tsx'
import { EventRow } from './event-row.tsx'

type Read = NonNullable<NonNullable<TimelineQuery['selector']>['timeline']>
export type TimelineEvent = Read['nodes'][number]

const kinds = [
  [undefined, 'All'],
  ['CALL', 'Calls'],
  ['PUSH_TEST', 'Push tests'],
  ['MESSAGE', 'Messages'],
] as const

/** Calls, messages and push tests in one order, with older pages. */
export function Timeline({ name, news }: { name: string; news: number }) {
  const [kind, setKind] = useState<EventKind>()
  const { name: zone } = useZone()
  return (
    <Section title="Timeline" aside={`times in ${zone}`}>
      <fieldset className="choice">
        <legend className="hidden">Kinds of events</legend>
        {kinds.map(([value, title]) => (
          <button key={title} type="button" aria-pressed={kind === value} onClick={() => setKind(value)}>
            {title}
          </button>
        ))}
      </fieldset>
      <Events key={kind ?? ''} name={name} kind={kind} news={news} />
    </Section>
  )
}

function Events({ name, kind, news }: { name: string; kind: EventKind | undefined; news: number }) {
  const source = {
    query: TimelineDocument,
    variables: { name, kinds: kind === undefined ? undefined : [kind] },
    connection: (data: TimelineQuery) => data.selector?.timeline,
  }
  const pages = usePages(source, news)
  return (
    <PageRows
      pages={pages}
      what="the timeline"
      className="timeline"
      row={(event) => <EventRow key={event.id} event={event} />}
      empty="Nothing is stored. Calls that were answered, and what the device has collected, SIPIS does not keep."
    />
  )
}
