import { countOf, formatCount } from '../parts/format.ts'
import { Section } from '../parts/page.tsx'
import { ReasonText, reasonOrder } from '../parts/reasons.tsx'
import type { SelectorFacts } from './selector-page.tsx'

/** Why calls of the last week were missed. */
export function Reasons({ selector: { callStats } }: { selector: SelectorFacts }) {
  if (callStats === null) return null
  const counts = reasonOrder.flatMap((reason) => callStats.rows.filter((row) => row.reason === reason))
  return (
    <Section title="Missed calls of the last 7 days" aside={countOf(callStats.totalCount, 'call')}>
      {counts.length === 0 ? (
        <p className="quiet">
          No missed call is stored for these days. SIPIS deletes calls that the device has collected.
        </p>
      ) : (
        <ul className="counts">
          {counts.map(({ reason, count }) => (
            <li key={reason}>
              <strong>{formatCount(count)}</strong> <ReasonText reason={reason} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
