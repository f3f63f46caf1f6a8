import { startOfDay, startOfHour } from '../parts/days.ts'

export interface Span {
  readonly key: string
  readonly title: string
  readonly bucket: 'HOUR' | 'DAY'
  readonly buckets: number
}

export const spans: readonly Span[] = [
  { key: '24h', title: '24 hours', bucket: 'HOUR', buckets: 24 },
  { key: '7d', title: '7 days', bucket: 'DAY', buckets: 7 },
  { key: '30d', title: '30 days', bucket: 'DAY', buckets: 30 },
]

const [, week] = spans

export function spanOf(key: string | null): Span {
  const found = spans.find((span) => span.key === key) ?? week
  if (found === undefined) throw new Error('No span')
  return found
}

/** A span of whole buckets up to now, the last of which is not over. */
export function boundsOf({ bucket, buckets }: Span, zone: string, now = Date.now()): { since: string; until: string } {
  const since = bucket === 'HOUR' ? startOfHour(now, buckets - 1) : startOfDay(now, buckets - 1, zone)
  return { since: new Date(since).toISOString(), until: new Date(now).toISOString() }
}
