/** What the load process is told to do, and what it says of it. */
export interface Job {
  /** With scheme and port. */
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
  /** Taken in turn. */
  readonly bodies: readonly string[]
  readonly connections: number
  readonly seconds: number
}

export interface Load {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** What was wrong with the first answer that was. */
  readonly failure: string | undefined
}
