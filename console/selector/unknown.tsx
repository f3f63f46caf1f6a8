import { PushTestsDocument } from '../client/documents.ts'
import { pushTestsOf } from '../lists/push-tests-page.tsx'
import { usePages } from '../lists/use-pages.ts'
import { Foreign } from '../parts/foreign.tsx'
import { Section } from '../parts/page.tsx'
import { PushTestHit } from '../search/hits.tsx'

/** A selector that is not stored. Its push tests may be. */
export function Unknown({ name }: { name: string }) {
  const variables = { filter: { selectorName: name }, first: 10 }
  const { list } = usePages({ query: PushTestsDocument, variables, connection: pushTestsOf })
  const tests = list?.items ?? []
  return (
    <>
      <div className="note">
        <p>
          <strong>SIPIS has no such selector.</strong> It was never there, it was deleted after a long silence, or your
          credential may not see it; the database does not tell these apart.
        </p>
        <p>
          A selector has to be complete, in upper and lower case as SIPIS stores it. Asked was <Foreign text={name} />.
        </p>
      </div>
      {tests.length > 0 && (
        <Section title="It was there: its last push tests" aside={list?.hasMore === true ? 'the last 10' : undefined}>
          <ol className="rows">
            {tests.map((test) => (
              <PushTestHit key={test.id} test={test} />
            ))}
          </ol>
        </Section>
      )}
    </>
  )
}
