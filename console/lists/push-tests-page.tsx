import type { PushTestsQuery } from '../client/documents.ts'
import { PushTestsDocument } from '../client/documents.ts'
import { PushTestHit } from '../search/hits.tsx'
import type { ListAbout } from './list-page.tsx'
import { ListPage } from './list-page.tsx'
import { boundsOf, dayField, spanField } from './spans.ts'

export type PushTestNode = NonNullable<PushTestsQuery['pushTests']>['nodes'][number]

const list: ListAbout<PushTestsQuery, PushTestNode> = {
  title: 'Push tests',
  about:
    'Pushes that SIPIS sent to test delivery. They outlive their selector. An answer after 15 s is too late for a call.',
  fields: [
    spanField,
    dayField,
    {
      name: 'outcome',
      label: 'Outcome',
      options: [
        ['', 'any'],
        ['unanswered', 'no answer'],
        ['answered', 'answered'],
      ],
    },
    { name: 'platform', label: 'Platform', placeholder: 'iOS, Android' },
    { name: 'selector', label: 'Selector', placeholder: 'complete' },
  ],
  sourceOf: (parameters, zone) => ({
    query: PushTestsDocument,
    variables: { filter: filterOf(parameters, zone) },
    connection: pushTestsOf,
  }),
  row: (test) => <PushTestHit key={test.id} test={test} />,
  empty: <p>No stored push test matches. SIPIS stores them only where its push tests are switched on.</p>,
  smaller: <a href="?span=24h">Show the last 24 hours</a>,
  columns: [
    { title: 'sent', value: ({ time }) => time, isTime: true },
    { title: 'answered', value: ({ concluded }) => concluded, isTime: true },
    { title: 'latency in ms', value: ({ latencyMs }) => latencyMs },
    { title: 'platform', value: ({ platform }) => platform },
    { title: 'selector', value: ({ selectorName }) => selectorName },
  ],
}

export function pushTestsOf(data: PushTestsQuery) {
  return data.pushTests
}

function filterOf(parameters: URLSearchParams, zone: string) {
  const outcome = parameters.get('outcome')
  const platform = parameters.get('platform')
  const selectorName = parameters.get('selector')
  return {
    ...boundsOf(parameters, zone),
    ...(outcome === null ? {} : { isConcluded: outcome === 'answered' }),
    ...(platform === null ? {} : { platform }),
    ...(selectorName === null ? {} : { selectorName }),
  }
}

export function PushTestsPage() {
  return <ListPage list={list} />
}
