import { useCallback, useEffect, useRef, useState } from 'react'
import type { AnyVariables, Client, TypedDocumentNode } from 'urql'
import { useClient } from 'urql'
import type { Problem } from '../parts/problem.ts'
import { problemsOf } from '../parts/problem.ts'
import type { Item, List, Page } from './page-list.ts'
import { continued, listOf, refreshed } from './page-list.ts'

/** A list of the API, and how to read a page of it. */
export interface Source<Data, Of extends Item> {
  readonly query: TypedDocumentNode<Data, never>
  /** Without the cursor. */
  readonly variables: Readonly<Record<string, unknown>>
  readonly connection: (data: Data) => Page<Of> | null | undefined
}

export interface Pages<Of extends Item> {
  /** Undefined until the first page is there. */
  readonly list: List<Of> | undefined
  readonly problem: Problem | undefined
  readonly isReading: boolean
  readonly older: () => void
  readonly again: () => void
}

export interface Answer<Of> {
  readonly page: Page<Of> | undefined
  readonly problem: Problem | undefined
}

export async function readPage<Data, Of extends Item>(
  client: Client,
  { query, variables, connection }: Source<Data, Of>,
  more: Readonly<Record<string, unknown>>,
): Promise<Answer<Of>> {
  const document = query as TypedDocumentNode<Data, AnyVariables>
  const { data, error } = await client.query(document, { ...variables, ...more }).toPromise()
  return { page: (data == null ? undefined : connection(data)) ?? undefined, problem: problemsOf(error)[0] }
}

/**
 * Reads a list page by page. Other variables need another key of the component.
 *
 * @param news changes when the first page has to be read again
 */
export function usePages<Data, Of extends Item>(source: Source<Data, Of>, news = 0): Pages<Of> {
  const client = useClient()
  const [list, setList] = useState<List<Of>>()
  const [problem, setProblem] = useState<Problem>()
  const [isReading, setIsReading] = useState(true)
  const [attempt, setAttempt] = useState(0)
  const current = useRef(source)
  current.current = source
  const read = useCallback(
    async (after: string | null, merge: (list: List<Of> | undefined, page: Page<Of>) => List<Of>) => {
      setIsReading(true)
      const answer = await readPage(client, current.current, after === null ? {} : { after })
      setIsReading(false)
      setProblem(answer.problem)
      const { page } = answer
      if (page !== undefined) setList((before) => merge(before, page))
    },
    [client],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: they say when to read again.
  useEffect(() => {
    void read(null, (before, page) => (before === undefined ? listOf(page) : refreshed(before, page)))
  }, [read, news, attempt])
  return {
    list,
    problem,
    isReading,
    again: useCallback(() => setAttempt((count) => count + 1), []),
    older: () =>
      read(list?.cursor ?? null, (before, page) => (before === undefined ? listOf(page) : continued(before, page))),
  }
}
