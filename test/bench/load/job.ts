/** Messages between the benchmark and the load process. */
export interface Job {
  /** With scheme and port. */
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent in rotation. */
  readonly bodies: readonly string[]
  readonly connections: number
  readonly seconds: number
}

export interface Load {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** Defect of the first invalid response. */
  readonly failure: string | undefined
}
