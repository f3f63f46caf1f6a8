const hour = 3_600_000
const day = 24 * hour

/** The start of a span that ends now. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * day).toISOString()
}

export function startOfHour(now: number, hoursBefore: number): number {
  return Math.floor(now / hour - hoursBefore) * hour
}

/** The start of a day in the zone of the page, which is UTC or that of the browser. */
export function startOfDay(now: number, daysBefore: number, zone: string): number {
  const date = new Date(now)
  if (zone === 'UTC') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() - daysBefore)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - daysBefore).getTime()
}
