import { useCallback, useEffect, useMemo, useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import {
  SearchByCallerDocument,
  SearchByCallIdDocument,
  SearchByFingerprintDocument,
  SearchByPrefixDocument,
  SearchBySettingsDocument,
  SearchBySuffixDocument,
} from '../client/documents.ts'
import { daysAgo } from '../parts/days.ts'
import { Page } from '../parts/page.tsx'
import { CallHit, SelectorHit, TokenHit } from './hits.tsx'
import { accountOf, callerOf, isCallId, isFingerprint, isStartOfSelector, isSuffix } from './kinds.ts'
import { selectorPath } from './search-field.tsx'
import { SearchGroup } from './search-group.tsx'

export function SearchPage() {
  const [parameters] = useSearchParams()
  const text = (parameters.get('q') ?? '').trim()
  return (
    <Page title={text === '' ? 'Search' : `Search: ${text}`} heading="Search">
      {text === '' ? (
        <p>Enter a user, a number, a selector, a suffix, a caller or a Call-ID above.</p>
      ) : (
        <Results key={text} text={text} />
      )}
    </Page>
  )
}

const callerDays = 14

/** What was found so far, by group: the names of the selectors that the hits lead to. */
type Found = ReadonlyMap<string, readonly string[]>

/** One group for each thing that the text can be. Each shows what it finds as it comes. */
function Results({ text }: { text: string }) {
  const [, navigate] = useLocation()
  const [found, setFound] = useState<Found>(new Map())
  const [since] = useState(() => daysAgo(callerDays))
  const [isUserClosed, setIsUserClosed] = useState(false)
  const [lastDay] = useState(() => ({ since: daysAgo(1), until: daysAgo(0) }))
  const groups = useMemo(() => groupsOf(text), [text])
  const report = useCallback((group: string, names: readonly string[]) => {
    setFound((before) => new Map(before).set(group, names))
  }, [])
  const names = new Set([...found.values()].flat())
  const isDone = found.size === groups.length
  const [only] = names
  const target = isDone && names.size === 1 ? only : undefined
  useEffect(() => {
    if (target !== undefined) navigate(selectorPath(target), { replace: true })
  }, [target, navigate])
  const caller = callerOf(text)
  return (
    <>
      {groups.includes('account') && (
        <SearchGroup
          title="Accounts with this user name"
          query={SearchBySettingsDocument}
          variables={{ settings: [...accountOf(text)] }}
          // The operator does not allow these settings to be shown.
          quietCodes={['BAD_USER_INPUT']}
          connection={(data) => data.selectors}
          nameOf={({ name }) => name}
          hit={(node) => <SelectorHit key={node.id} selector={node} />}
          onFound={(found, isClosed) => {
            setIsUserClosed(isClosed)
            report('account', found)
          }}
        />
      )}
      {groups.includes('prefix') && (
        <SearchGroup
          title="Selectors that begin with it"
          query={SearchByPrefixDocument}
          variables={{ prefix: text.toUpperCase() }}
          connection={(data) => data.selectors}
          nameOf={({ name }) => name}
          hit={(node) => <SelectorHit key={node.id} selector={node} />}
          onFound={(found) => report('prefix', found)}
        />
      )}
      {groups.includes('suffix') && (
        <SearchGroup
          title="Installations with this suffix"
          query={SearchBySuffixDocument}
          variables={{ suffix: text }}
          connection={(data) => data.selectors}
          nameOf={({ name }) => name}
          hit={(node) => <SelectorHit key={node.id} selector={node} />}
          onFound={(found) => report('suffix', found)}
        />
      )}
      {groups.includes('caller') && caller !== undefined && (
        <SearchGroup
          title={`Missed calls from this caller, last ${callerDays} days`}
          query={SearchByCallerDocument}
          variables={{ caller, since }}
          connection={(data) => data.calls}
          nameOf={({ selector }) => selector?.name}
          hit={(node) => <CallHit key={node.id} call={node} />}
          onFound={(found) => report('caller', found)}
        />
      )}
      {groups.includes('callId') && (
        <SearchGroup
          title="Calls with this Call-ID, last 24 hours"
          query={SearchByCallIdDocument}
          variables={{ callId: text, ...lastDay }}
          connection={(data) => data.calls}
          nameOf={({ selector }) => selector?.name}
          hit={(node) => <CallHit key={node.id} call={node} />}
          onFound={(found) => report('callId', found)}
        />
      )}
      {groups.includes('fingerprint') && (
        <SearchGroup
          title="Push tokens with this fingerprint"
          query={SearchByFingerprintDocument}
          variables={{ fingerprint: text }}
          connection={(data) => data.tokens}
          nameOf={({ selector }) => selector?.name}
          hit={(node) => <TokenHit key={node.id} token={node} />}
          onFound={(found) => report('fingerprint', found)}
        />
      )}
      {isDone && names.size === 0 && <NothingFound text={text} isUserClosed={isUserClosed} />}
    </>
  )
}

type GroupName = 'account' | 'prefix' | 'suffix' | 'caller' | 'callId' | 'fingerprint'

function groupsOf(text: string): readonly GroupName[] {
  const groups: (GroupName | false)[] = [
    accountOf(text).length > 0 && 'account',
    isStartOfSelector(text) && 'prefix',
    isSuffix(text) && 'suffix',
    callerOf(text) !== undefined && 'caller',
    isCallId(text) && 'callId',
    isFingerprint(text) && 'fingerprint',
  ]
  return groups.filter((group) => group !== false)
}

function NothingFound({ text, isUserClosed }: { text: string; isUserClosed: boolean }) {
  return (
    <div className="note">
      <p>
        <strong>Nothing is stored for “{text}”.</strong> SIPIS deletes calls once a device has collected them, and
        selectors after a long silence, so that what was there can be gone.
      </p>
      <p>
        A number matches with or without its prefix; a user name has to be complete, in upper and lower case as the
        caller sends it; a selector is found by its first 6 characters or more.
      </p>
      {isUserClosed && (
        <p>
          The user of an account cannot be searched for: the operator does not allow its settings <code>username</code>{' '}
          and <code>host</code> (<code>SETTINGS_ALLOW</code>).
        </p>
      )}
      {isCallId(text) && (
        <p>
          A Call-ID is looked for in the last 24 hours.{' '}
          <Link href={`/calls?callId=${encodeURIComponent(text)}&day=${daysAgo(1).slice(0, 10)}`}>
            Look on another day
          </Link>
        </p>
      )}
    </div>
  )
}
