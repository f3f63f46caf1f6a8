import { useState } from 'react'
import { useQuery } from 'urql'
import { Link } from 'wouter'
import type { OverviewCallersQuery } from '../client/documents.ts'
import { OverviewCallersDocument } from '../client/documents.ts'
import { AddressText } from '../parts/foreign.tsx'
import { countOf } from '../parts/format.ts'
import { Loading, Section } from '../parts/page.tsx'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { Time } from '../parts/zone.tsx'
import type { ChartProps } from './overview-page.tsx'
import { Smaller } from './smaller.tsx'

/** Who was missed most often: one caller with many calls is a trunk, a queue or a robot. */
export function TopCallers({ span, bounds }: ChartProps) {
  const [isAsked, setIsAsked] = useState(false)
  return (
    <Section title={`Callers with the most missed calls, ${span.title}`}>
      {isAsked ? (
        <Callers span={span} bounds={bounds} />
      ) : (
        <button type="button" onClick={() => setIsAsked(true)}>
          Count them
        </button>
      )}
    </Section>
  )
}

function Callers({ span, bounds }: Omit<ChartProps, 'zone'>) {
  const [{ data, error, fetching }, again] = useQuery({ query: OverviewCallersDocument, variables: bounds })
  const [problem] = problemsOf(error)
  const callers = data?.topCallers?.nodes ?? []
  if (fetching) return <Loading what="the callers" />
  if (problem !== undefined) return <ProblemNote problem={problem} onRetry={again} smaller={<Smaller span={span} />} />
  if (callers.length === 0) return <p className="quiet">No missed call is stored in this span.</p>
  return (
    <ol className="rows">
      {callers.map((top) => (
        <CallerRow key={`${top.caller.uri} ${top.lastTime}`} top={top} span={span.key} />
      ))}
    </ol>
  )
}

type Top = NonNullable<OverviewCallersQuery['topCallers']>['nodes'][number]

function CallerRow({ top: { caller, count, selectors, lastTime }, span }: { top: Top; span: string }) {
  const address = [caller.username ?? '', caller.domain ?? ''].join('@').replace(/@$/, '')
  return (
    <li data-row>
      <Link className="row" href={`/calls?span=${span}&caller=${encodeURIComponent(address)}`}>
        <strong>{countOf(count, 'call')}</strong>
        <span>
          <AddressText address={caller} />
        </span>
        <span>to {countOf(selectors, 'installation')}</span>
        <span className="quiet">
          last <Time time={lastTime} ageOnly />
        </span>
      </Link>
    </li>
  )
}
