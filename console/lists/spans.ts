import type { Field } from './field.ts'

const hour = 3_600_000
const spans: Readonly<Record<string, number>> = { '1h': hour, '24h': 24 * hour, '7d': 168 * hour, '30d': 720 * hour }

export const spanField: Field = {
  name: 'span',
  label: 'Span',
  options: [
    ['', 'everything'],
    ['1h', 'last hour'],
    ['24h', 'last 24 hours'],
    ['7d', 'last 7 days'],
    ['30d', 'last 30 days'],
  ],
}

export const dayField: Field = { name: 'day', label: 'or a day', type: 'date' }

interface Bounds {
  readonly since?: string
  readonly until?: string
}

/** The bounds that an address asks for: a day in the zone of the page, or a span that ends now. */
export function boundsOf(parameters: URLSearchParams, zone: string, now = Date.now()): Bounds {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(parameters.get('day') ?? '') ?? []
  if (day !== undefined) {
    const at = (plus: number) => startOf(Number(year), Number(month) - 1, Number(day) + plus, zone)
    // A search by Call-ID takes 24 hours at most, and a day in autumn has 25.
    return { since: new Date(at(0)).toISOString(), until: new Date(Math.min(at(1), at(0) + 24 * hour)).toISOString() }
  }
  const ms = spans[parameters.get('span') ?? '']
  return ms === undefined ? {} : { since: new Date(now - ms).toISOString() }
}

/** The zone of the page is UTC or that of the browser. */
function startOf(year: number, month: number, day: number, zone: string): number {
  return zone === 'UTC' ? Date.UTC(year, month, day) : new Date(year, month, day).getTime()
}
