import { Sign } from '../parts/sign.tsx'
import { useZone } from '../parts/zone.tsx'
import type { SelectorFacts } from './selector-page.tsx'
import { verdictOf } from './verdict.ts'

export function VerdictNote({ selector }: { selector: SelectorFacts }) {
  const { now } = useZone()
  const { lastSeen, tokens, pushTests } = selector
  const verdict = verdictOf(
    { lastSeen, tokens: (tokens?.nodes ?? []).map((token) => token.lastSeen), tests: pushTests?.nodes ?? [] },
    now,
  )
  return (
    <section className={`verdict ${verdict.level}`} aria-label="Verdict">
      <h2>{verdict.title}</h2>
      <ul>
        {verdict.findings.map(({ level, text }) => (
          <li key={text} className={level}>
            <Sign level={level} />
            {text}
          </li>
        ))}
      </ul>
      <p className="quiet">From what SIPIS has stored; it does not store whether the account is registered.</p>
    </section>
  )
}
