/**
 * What one request, one caller and all callers together may take. Each is a setting of the same name, such as `LIMIT_BODY_BYTES`;
 * docs/security.md has the defaults, and what a request beyond a limit gets.
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
  /** Levels of a query, with fragments in place. */
  readonly depth: number
  /** Aliases in a document. */
  readonly aliases: number
  /** Directives in a document. */
  readonly directives: number
  /** Times that one object is asked for one field. */
  readonly repeats: number
  /** Fields of an operation, with fragments in place. */
  readonly fields: number
  /** Values that an answer may hold, and what is read for them. */
  readonly cost: number
  /** Bytes read from the database for one answer, and bytes of its texts. */
  readonly responseBytes: number
  /** Milliseconds that one operation may take. */
  readonly operationMs: number
  /** Operations that run at once. */
  readonly concurrent: number
  /** Operations of one principal that run or wait at once. */
  readonly concurrentPerCaller: number
  /** Operations that wait. */
  readonly queue: number
  /** Milliseconds that an operation waits. */
  readonly queueMs: number
  /** Bytes of answers that their clients have not read yet. */
  readonly unsentBytes: number
  /** Bytes of answers that one principal has not read yet. */
  readonly unsentBytesPerCaller: number
  /** Scans that run at once. */
  readonly scans: number
  /** Scans of one principal that run at once. */
  readonly scansPerCaller: number
}
