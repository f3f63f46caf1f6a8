import { useQuery } from 'urql'
import { OtherInstallationsDocument } from '../client/documents.ts'
import { Loading, Section } from '../parts/page.tsx'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { SelectorHit } from '../search/hits.tsx'

/** Installations whose selectors have the same first 40 characters. */
export function Installations({ name }: { name: string }) {
  const [{ data, error, fetching }, again] = useQuery({ query: OtherInstallationsDocument, variables: { name } })
  const [problem] = problemsOf(error)
  const others = data?.selector?.installations?.nodes ?? []
  return (
    <Section title="Other installations of the account">
      {fetching && <Loading what="the installations" />}
      {problem !== undefined && <ProblemNote problem={problem} onRetry={again} />}
      {!fetching && problem === undefined && others.length === 0 && (
        <p className="quiet">The account has no other installation.</p>
      )}
      {others.length > 0 && (
        <ul className="rows">
          {others.map((selector) => (
            <SelectorHit key={selector.id} selector={selector} />
          ))}
        </ul>
      )}
    </Section>
  )
}
