/**
 * The lanes of look-ups. Look-ups of one lane share a connection and wait for one another, so lanes are separated by how slow a
 * look-up can be. A lane for each table would keep a lock on one of them from the others, but costs a quarter of the throughput.
 */
export interface Lane {
  readonly lane: string
  /** Whether its look-ups may take long although an index answers them; fewer of them run at once. */
  readonly slow: boolean
}

export const lanes = {
  /** Selectors, tokens, settings, and pages of calls: an index bounds each of them. */
  calls: { lane: 'calls', slow: false },
  /** Pages of messages and push tests. */
  messages: { lane: 'messages', slow: false },
  /** Pages with a filter, which may scan every row of a selector. */
  searches: { lane: 'searches', slow: true },
  /** Counts, which read every row of a selector. */
  counts: { lane: 'counts', slow: true },
  /** Pages of several selectors: up to 100 pages of 100 rows. */
  pagesOfMany: { lane: 'pages of many', slow: true },
  /** Contents of messages, which may have megabytes. */
  contents: { lane: 'contents', slow: true },
  /** What is new since a token, which reads every row of a selector. */
  changes: { lane: 'changes', slow: true },
  /** The probe of /health, so that it waits for no caller. */
  health: { lane: 'health', slow: false },
} as const satisfies Readonly<Record<string, Lane>>
