import { useEffect, useState } from 'react'
import { useClient } from 'urql'
import { RevealTokenDocument } from '../client/documents.ts'
import { Foreign } from '../parts/foreign.tsx'
import { Section } from '../parts/page.tsx'
import type { Problem } from '../parts/problem.ts'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { Time } from '../parts/zone.tsx'
import type { SelectorFacts } from './selector-page.tsx'

type StoredToken = NonNullable<SelectorFacts['tokens']>['nodes'][number]

export function Tokens({ selector: { tokens }, problem }: { selector: SelectorFacts; problem: Problem | undefined }) {
  const stored = tokens?.nodes ?? []
  return (
    <Section title="Push tokens" aside={stored.length === 0 ? undefined : String(stored.length)}>
      {problem !== undefined && <ProblemNote problem={problem} />}
      {problem === undefined && stored.length === 0 && (
        <p className="quiet">
          No token is stored: the app has not reported one, or SIPIS deleted it after a failed push.
        </p>
      )}
      <ul className="tokens">
        {stored.map((token) => (
          <TokenRow key={token.id} token={token} />
        ))}
      </ul>
    </Section>
  )
}

function TokenRow({ token: { id, appId, fingerprint, lastSeen } }: { token: StoredToken }) {
  return (
    <li>
      <div>
        <strong>
          <Foreign text={appId} />
        </strong>
        <br />
        <code>{fingerprint}</code>{' '}
        <span className="quiet">{lastSeen === null ? 'age not recorded' : <Time time={lastSeen} ageOnly />}</span>
      </div>
      <Reveal id={id} of={`${appId}, ${fingerprint}`} />
    </li>
  )
}

const shownSeconds = 30

/** Reads one token in clear, which the audit log counts, and hides it again. */
function Reveal({ id, of }: { id: string; of: string }) {
  const client = useClient()
  const [shown, setShown] = useState<string>()
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    if (shown === undefined) return
    const hide = () => setShown(undefined)
    const timer = setTimeout(hide, shownSeconds * 1_000)
    document.addEventListener('visibilitychange', hide)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', hide)
    }
  }, [shown])
  const reveal = async () => {
    const { data, error } = await client.query(RevealTokenDocument, { id }).toPromise()
    setProblem(problemsOf(error)[0])
    if (data?.node != null && 'token' in data.node) setShown(data.node.token ?? undefined)
  }
  if (shown !== undefined) {
    return (
      <>
        <button type="button" onClick={() => setShown(undefined)}>
          Hide
        </button>
        <output className="secret">
          {shown} <span className="quiet">Hidden again after {shownSeconds} s.</span>
        </output>
      </>
    )
  }
  return (
    <>
      <button type="button" onClick={reveal} aria-label={`Reveal the token of ${of}`}>
        Reveal
      </button>
      {problem !== undefined && <ProblemNote problem={problem} />}
    </>
  )
}
