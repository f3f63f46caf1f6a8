import { useZone } from '../parts/zone.tsx'
import type { SelectorFacts } from './selector-page.tsx'
import type { Level } from './verdict.ts'
import { verdictOf } from './verdict.ts'

/** Drawn, because fonts lack such characters. */
const signs: Readonly<Record<Level, { path: string; spoken: string }>> = {
  good: { path: 'M3 9l4 4 7-9', spoken: 'good: ' },
  unsure: { path: 'M8 2v8M8 13v1.5', spoken: 'unsure: ' },
  bad: { path: 'M3 3l10 10M13 3L3 13', spoken: 'bad: ' },
}

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
            <svg className="sign" viewBox="0 0 16 16" aria-hidden="true">
              <path d={signs[level].path} />
            </svg>
            <span className="hidden">{signs[level].spoken}</span>
            {text}
          </li>
        ))}
      </ul>
      <p className="quiet">From what SIPIS has stored; it does not store whether the account is registered.</p>
    </section>
  )
}
