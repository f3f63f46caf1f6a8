import { useCallback, useState } from 'react'
import { useQuery } from 'urql'
import type { SelectorFactsQuery } from '../client/documents.ts'
import { SelectorFactsDocument } from '../client/documents.ts'
import { daysAgo } from '../parts/days.ts'
import { Foreign } from '../parts/foreign.tsx'
import { Loading, Page } from '../parts/page.tsx'
import { problemAt } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { AccountSettings } from './account-settings.tsx'
import { Installations } from './installations.tsx'
import { LiveMark } from './live-mark.tsx'
import { Reasons } from './reasons-of-week.tsx'
import { Timeline } from './timeline.tsx'
import { Tokens } from './tokens.tsx'
import { Unknown } from './unknown.tsx'
import { useChanges } from './use-changes.ts'
import { VerdictNote } from './verdict-note.tsx'

export type SelectorFacts = NonNullable<SelectorFactsQuery['selector']>

/** Everything of one installation, the answer to the call first. */
export function SelectorPage({ name }: { name: string }) {
  const [week] = useState(() => ({ since: daysAgo(7), until: daysAgo(-1) }))
  const [{ data, error, fetching }, ask] = useQuery({ query: SelectorFactsDocument, variables: { name, ...week } })
  const [news, setNews] = useState(0)
  const again = useCallback(() => {
    ask()
    setNews((count) => count + 1)
  }, [ask])
  const selector = data?.selector
  const live = useChanges(selector == null ? undefined : name, again)
  const problem = problemAt(error, 'selector')
  const title = `Installation ${name.slice(41) || name}`
  if (selector == null) {
    return (
      <Page title={title} heading={<Foreign text={title} />}>
        {fetching && <Loading what="the installation" />}
        {problem !== undefined && <ProblemNote problem={problem} onRetry={again} />}
        {!fetching && problem === undefined && <Unknown name={name} />}
      </Page>
    )
  }
  return (
    <Page title={title} heading={<Foreign text={title} />}>
      <p className="who-line">
        <code>
          <Foreign text={selector.name} />
        </code>{' '}
        <LiveMark state={live} />
      </p>
      <div className="columns installation">
        <div>
          <VerdictNote selector={selector} />
          <Reasons selector={selector} />
        </div>
        <div className="beside">
          <AccountSettings name={name} />
          <Tokens selector={selector} problem={problemAt(error, 'selector.tokens')} />
          <Installations name={name} />
        </div>
        <div>
          <Timeline name={name} news={news} />
        </div>
      </div>
    </Page>
  )
}
