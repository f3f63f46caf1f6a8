/** Rows that lead to a selector. */
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { PushTestsQuery, SearchByCallerQuery, SearchBySuffixQuery, TokensQuery } from '../client/documents.ts'
import { AddressText, Foreign } from '../parts/foreign.tsx'
import { PushOutcome } from '../parts/push-outcome.tsx'
import { ReasonText } from '../parts/reasons.tsx'
import { SelectorName } from '../parts/selector-name.tsx'
import { Time } from '../parts/zone.tsx'
import { selectorPath } from './search-field.tsx'

type NodeOf<Connection extends { nodes: readonly unknown[] } | null> = NonNullable<Connection>['nodes'][number]

/** @param selector undefined if it is not known, so that there is nothing to open */
function Hit({ selector, children }: { selector: string | null | undefined; children: ReactNode }) {
  if (selector == null) {
    return (
      <li>
        <span className="row">{children}</span>
      </li>
    )
  }
  return (
    <li data-row>
      <Link href={selectorPath(selector)} className="row">
        {children}
      </Link>
    </li>
  )
}

/** Installations of an account differ in their apps; one without a token gets no call. */
export function SelectorHit({ selector }: { selector: NodeOf<SearchBySuffixQuery['selectors']> }) {
  const { name, lastSeen, tokens } = selector
  const apps = [...new Set(tokens?.nodes.map(({ appId }) => appId))]
  return (
    <Hit selector={name}>
      <SelectorName name={name} />
      <span>
        {apps.length > 0 && <Foreign text={apps.join(', ')} />}
        {tokens?.nodes.length === 0 && <span className="quiet">no push token</span>}
      </span>
      {lastSeen !== null && (
        <span className="quiet">
          last seen <Time time={lastSeen} ageOnly />
        </span>
      )}
    </Hit>
  )
}

export function CallHit({ call }: { call: NodeOf<SearchByCallerQuery['calls']> }) {
  return (
    <Hit selector={call.selector?.name}>
      <Time time={call.time} />
      <span>
        <AddressText address={call.caller} />
      </span>
      <ReasonText reason={call.missedReason} />
      {call.selector !== null && <SelectorName name={call.selector.name} />}
    </Hit>
  )
}

export function PushTestHit({ test }: { test: NodeOf<PushTestsQuery['pushTests']> }) {
  return (
    <Hit selector={test.selectorName}>
      <Time time={test.time} />
      <Foreign text={test.platform} />
      <PushOutcome started={test.time} concluded={test.concluded} latencyMs={test.latencyMs} />
      {test.selectorName === null ? (
        <span className="quiet">of a deleted selector</span>
      ) : (
        <SelectorName name={test.selectorName} />
      )}
    </Hit>
  )
}

export function TokenHit({ token }: { token: NodeOf<TokensQuery['tokens']> }) {
  return (
    <Hit selector={token.selector?.name}>
      {token.lastSeen === null ? <span className="quiet">age not recorded</span> : <Time time={token.lastSeen} />}
      <Foreign text={token.appId} />
      <code className="quiet">{token.fingerprint}</code>
      {token.selector !== null && <SelectorName name={token.selector.name} />}
    </Hit>
  )
}
