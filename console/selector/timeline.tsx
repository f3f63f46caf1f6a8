import { useEffect, useState } from 'react'
import { useClient } from 'urql'
import type { TimelineQuery } from '../client/documents.ts'
import { TimelineDocument } from '../client/documents.ts'
import { Loading, Section } from '../parts/page.tsx'
import type { Problem } from '../parts/problem.ts'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { useZone } from '../parts/zone.tsx'
import { EventRow } from './event-row.tsx'
import type { List } from './merged-lists.ts'
import { continued, listOf, merged, refreshed } from './merged-lists.ts'

type Read = NonNullable<TimelineQuery['selector']>
type NodeOf<Kind extends 'calls' | 'messages' | 'pushTests'> = NonNullable<Read[Kind]>['nodes'][number]

export type TimelineEvent = NodeOf<'calls'> | NodeOf<'messages'> | NodeOf<'pushTests'>
type Lists = Readonly<Record<'calls' | 'messages' | 'pushTests', List<TimelineEvent>>>
type PageOf = Parameters<typeof listOf<TimelineEvent>>[0]

const empty: PageOf = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } }

/** Calls, messages and push tests in one order, with older pages. */
export function Timeline({ name, news }: { name: string; news: number }) {
  const { lists, problem, isReading, older, again } = useTimeline(name, news)
  const { name: zone } = useZone()
  const events = lists === undefined ? [] : merged(Object.values(lists))
  const hasMore = lists !== undefined && Object.values(lists).some((list) => list.hasMore)
  return (
    <Section title="Timeline" aside={`times in ${zone}`}>
      {problem !== undefined && <ProblemNote problem={problem} onRetry={again} />}
      {lists !== undefined && events.length === 0 && !hasMore && (
        <p className="quiet">
          Nothing is stored. Calls that were answered, and what the device has collected, SIPIS does not keep.
        </p>
      )}
      <ol className="timeline">
        {events.map((event) => (
          <EventRow key={event.id} event={event} />
        ))}
      </ol>
      {isReading && <Loading what="the timeline" />}
      {hasMore && !isReading && (
        <button type="button" onClick={older} data-row>
          Older
        </button>
      )}
      {lists !== undefined && events.length > 0 && !hasMore && <p className="quiet">This is all that is stored.</p>}
    </Section>
  )
}

function useTimeline(name: string, news: number) {
  const client = useClient()
  const [lists, setLists] = useState<Lists>()
  const [problem, setProblem] = useState<Problem>()
  const [isReading, setIsReading] = useState(true)
  const [attempt, setAttempt] = useState(0)
  const read = async (cursors: Partial<Record<keyof Lists, string | null>>, merge: Merge) => {
    setIsReading(true)
    const { data, error } = await client.query(TimelineDocument, { name, ...cursors }).toPromise()
    setIsReading(false)
    setProblem(problemsOf(error)[0])
    if (data?.selector != null) setLists(merge(data.selector))
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: reads the first page at the start, and again for what is new.
  useEffect(() => {
    void read({}, (page) => (lists === undefined ? each(page, listOf) : eachOf(lists, page, refreshed)))
  }, [news, attempt])
  return {
    lists,
    problem,
    isReading,
    again: () => setAttempt(attempt + 1),
    older: () => {
      if (lists === undefined) return
      const cursors = { calls: lists.calls.cursor, messages: lists.messages.cursor, pushTests: lists.pushTests.cursor }
      void read(cursors, (page) => eachOf(lists, page, continued))
    },
  }
}

type Merge = (page: Read) => Lists

function each({ calls, messages, pushTests }: Read, make: (page: PageOf) => List<TimelineEvent>): Lists {
  return { calls: make(calls ?? empty), messages: make(messages ?? empty), pushTests: make(pushTests ?? empty) }
}

function eachOf(
  lists: Lists,
  { calls, messages, pushTests }: Read,
  make: (list: List<TimelineEvent>, page: PageOf) => List<TimelineEvent>,
): Lists {
  return {
    calls: make(lists.calls, calls ?? empty),
    messages: make(lists.messages, messages ?? empty),
    pushTests: make(lists.pushTests, pushTests ?? empty),
  }
}
