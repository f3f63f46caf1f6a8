const day = 86_400_000

/** The start of a span that ends now. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * day).toISOString()
}
