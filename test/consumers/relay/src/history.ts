import { createElement as h, Suspense } from 'react'
import type { LoadMoreFn } from 'react-relay'
import { graphql, useLazyLoadQuery, usePaginationFragment } from 'react-relay'
import type { OperationType } from 'relay-runtime'
import type { history_selector$key } from './__generated__/history_selector.graphql'
import type { historyQuery } from './__generated__/historyQuery.graphql'

/** What the component last rendered. */
export interface Rendered {
  times: readonly string[]
  hasNext: boolean
  loadNext: LoadMoreFn<OperationType>
  refetch(): void
}

export function History({ name, onRender }: { name: string; onRender: (rendered: Rendered) => void }) {
  return h(Suspense, { fallback: 'loading' }, h(Query, { name, onRender }))
}

function Query({ name, onRender }: { name: string; onRender: (rendered: Rendered) => void }) {
  const { selector } = useLazyLoadQuery<historyQuery>(
    graphql`
      query historyQuery($name: String!) {
        selector(name: $name) {
          ...history_selector
        }
      }
    `,
    { name },
  )
  return selector == null ? 'unknown' : h(Calls, { selector, onRender })
}

function Calls({ selector, onRender }: { selector: history_selector$key; onRender: (rendered: Rendered) => void }) {
  const { data, hasNext, loadNext, refetch } = usePaginationFragment(
    // Of a field with @semanticNonNull the type is non-null here, because errors are thrown.
    graphql`
      fragment history_selector on Selector
      @throwOnFieldError
      @refetchable(queryName: "historyPageQuery")
      @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
        lastSeen
        calls(first: $count, after: $cursor) @connection(key: "history_calls") {
          edges {
            node {
              time
            }
          }
        }
      }
    `,
    selector,
  )
  const lastSeen: string = data.lastSeen
  onRender({
    times: data.calls.edges.map(({ node }) => node.time),
    hasNext,
    loadNext,
    refetch: () => void refetch({}, { fetchPolicy: 'network-only' }),
  })
  return lastSeen
}
