import type { ReactNode } from 'react'
import { useEffect, useRef } from 'react'
import type { AnyVariables, TypedDocumentNode } from 'urql'
import { useQuery } from 'urql'
import { Loading, Section } from '../parts/page.tsx'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'

interface Connection<Node> {
  readonly nodes: readonly Node[]
  readonly pageInfo: { readonly hasNextPage: boolean }
}

interface Props<Data, Variables extends AnyVariables, Node> {
  readonly title: string
  readonly query: TypedDocumentNode<Data, Variables>
  readonly variables: Variables
  readonly connection: (data: Data) => Connection<Node> | null
  /** The selector that a hit leads to. */
  readonly nameOf: (node: Node) => string | undefined
  readonly hit: (node: Node) => ReactNode
  /** Codes of refusals that say that this way is closed here, so that there is nothing to show. */
  readonly quietCodes?: readonly string[]
  /** Called once when the group is complete. */
  readonly onFound: (names: readonly string[], isClosed: boolean) => void
}

/** One way to find something. Nothing found shows nothing, a failure shows itself. */
export function SearchGroup<Data, Variables extends AnyVariables, Node>(props: Props<Data, Variables, Node>) {
  const [{ data, error, fetching }, again] = useQuery<Data, Variables>(argumentsOf(props))
  const found = data == null ? null : props.connection(data)
  const [problem] = problemsOf(error)
  const isClosed = problem !== undefined && props.quietCodes?.includes(problem.code) === true
  const isDone = !fetching && (found !== null || problem !== undefined)
  const report = useRef(props)
  report.current = props
  useEffect(() => {
    if (!isDone) return
    const { onFound, nameOf } = report.current
    onFound(
      (found?.nodes ?? []).flatMap((node) => nameOf(node) ?? []),
      isClosed,
    )
  }, [isDone, found, isClosed])
  if (fetching) return <Loading what={props.title.toLowerCase()} />
  if (problem !== undefined && !isClosed) {
    return (
      <Section title={props.title}>
        <ProblemNote problem={problem} onRetry={again} />
      </Section>
    )
  }
  if (found === null || found.nodes.length === 0) return null
  return (
    <Section title={props.title} aside={found.pageInfo.hasNextPage ? `the first ${found.nodes.length}` : undefined}>
      <ul className="rows">{found.nodes.map(props.hit)}</ul>
    </Section>
  )
}

/** urql's type of arguments cannot be resolved for variables that are generic. */
function argumentsOf<Data, Variables extends AnyVariables>({
  query,
  variables,
}: Pick<Props<Data, Variables, never>, 'query' | 'variables'>) {
  return { query, variables } as Parameters<typeof useQuery<Data, Variables>>[0]
}
