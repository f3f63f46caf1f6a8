import type { MissedReason } from '../client/documents.ts'

export interface ReasonAbout {
  readonly title: string
  /** Class of its colour, which it has everywhere. */
  readonly tone: string
}

const known: Readonly<Record<string, ReasonAbout>> = {
  MISSED: { title: 'not answered', tone: 'reason-missed' },
  ANSWERED_ELSEWHERE: { title: 'answered elsewhere', tone: 'reason-elsewhere' },
  REJECTED_BY_DND: { title: 'rejected by Do Not Disturb', tone: 'reason-dnd' },
  UNKNOWN: { title: 'unknown reason', tone: 'reason-unknown' },
}

/** Schema v1 records no reasons. */
const unrecorded: ReasonAbout = { title: 'no reason recorded', tone: 'reason-none' }

/** Order of reasons in charts and legends. */
export const reasonOrder: readonly (MissedReason | null)[] = [
  'MISSED',
  'ANSWERED_ELSEWHERE',
  'REJECTED_BY_DND',
  'UNKNOWN',
  null,
]

export function aboutReason(reason: string | null): ReasonAbout {
  if (reason === null) return unrecorded
  return known[reason] ?? { title: 'unknown reason', tone: 'reason-unknown' }
}

export function ReasonText({ reason, text = null }: { reason: string | null; text?: string | null }) {
  const { title, tone } = aboutReason(reason)
  return (
    <span className="reason">
      <span className={`dot ${tone}`} aria-hidden="true" />
      {reason === 'UNKNOWN' && text !== null ? text : title}
    </span>
  )
}
