import { Link } from 'wouter'
import type { SearchByCallerQuery, SearchBySuffixQuery } from '../client/documents.ts'
import { AddressText } from '../parts/foreign.tsx'
import { ReasonText } from '../parts/reasons.tsx'
import { SelectorName } from '../parts/selector-name.tsx'
import { Time } from '../parts/zone.tsx'
import { selectorPath } from './search-field.tsx'

type NodeOf<Connection extends { nodes: readonly unknown[] } | null> = NonNullable<Connection>['nodes'][number]

export function SelectorHit({ selector }: { selector: NodeOf<SearchBySuffixQuery['selectors']> }) {
  return (
    <li data-row>
      <Link href={selectorPath(selector.name)}>
        <SelectorName name={selector.name} />
        {selector.lastSeen !== null && (
          <span className="quiet">
            last seen <Time time={selector.lastSeen} ageOnly />
          </span>
        )}
      </Link>
    </li>
  )
}

export function CallHit({ call }: { call: NodeOf<SearchByCallerQuery['calls']> }) {
  const content = (
    <>
      <Time time={call.time} />
      <span>
        <AddressText address={call.caller} />
      </span>
      <ReasonText reason={call.missedReason} />
      {call.selector !== null && <SelectorName name={call.selector.name} />}
    </>
  )
  if (call.selector === null) return <li>{content}</li>
  return (
    <li data-row>
      <Link href={selectorPath(call.selector.name)}>{content}</Link>
    </li>
  )
}
