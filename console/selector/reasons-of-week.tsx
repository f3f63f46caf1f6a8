import { countOf, formatCount } from '../parts/format.ts'
import { Section } from '../parts/page.tsx'
import { ReasonText, reasonOrder } from '../parts/reasons.tsx'
import type { SelectorFacts } from './selector-page.tsx'

/** Why calls of the last week were missed. */
export function Reasons({ selector: { calls } }: { selector: SelectorFacts }) {
  if (calls === null) return null
  const total = calls.totalCount ?? calls.nodes.length
  const counts = reasonOrder
    .map((reason) => ({ reason, count: calls.nodes.filter((call) => call.missedReason === reason).length }))
    .filter(({ count }) => count > 0)
  const aside =
    total > calls.nodes.length ? `the newest ${calls.nodes.length} of ${formatCount(total)}` : countOf(total, 'call')
  return (
    <Section title="Missed calls of the last 7 days" aside={aside}>
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
