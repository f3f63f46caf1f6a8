/**
 * Limits of one request, of one caller and of all callers together. Each is a setting of the same name, such as `LIMIT_BODY_BYTES`;
 * docs/security.md lists the defaults, and the error when a limit is exceeded.
 */
export interface Limits {
  /** Bytes of a request body. */
  readonly bodyBytes: number
  /** Open connections. */
  readonly connections: number
  /** Open connections of one address. */
  readonly connectionsPerAddress: number
  /** Tokens in a document. */
  readonly tokens: number
  /** Levels of a query, with fragments expanded. */
  readonly depth: number
  /** Aliases in a document. */
  readonly aliases: number
  /** Directives in a document. */
  readonly directives: number
  /** Selections of one field in one object. */
  readonly repeats: number
  /** Fields of an operation, with fragments expanded. */
  readonly fields: number
  /** Cost of an operation: values that its answer may hold, and a surcharge for counts and scans. */
  readonly cost: number
  /** Bytes read from the database for one answer, and bytes of text in it. */
  readonly responseBytes: number
  /** Milliseconds that one operation may take. */
  readonly operationMs: number
  /** Operations that run at once. */
  readonly concurrent: number
  /** Operations of one principal that run or wait at once. */
  readonly concurrentPerCaller: number
  /** Operations that wait for their turn. */
  readonly queue: number
  /** Milliseconds that an operation may wait for its turn. */
  readonly queueMs: number
  /** Bytes of answers that their clients have not read yet. */
  readonly unsentBytes: number
  /** Bytes of answers that one principal has not read yet. */
  readonly unsentBytesPerCaller: number
  /** Subscriptions that are open. */
  readonly streams: number
  /** Subscriptions of one principal that are open, and its WebSockets. */
  readonly streamsPerCaller: number
  /** Rows that a statistic over all selectors may read, by the estimate of the database. */
  readonly statisticsRows: number
  /** Scans that run at once. */
  readonly scans: number
  /** Scans of one principal that run at once. */
  readonly scansPerCaller: number
}
