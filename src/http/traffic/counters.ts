import type { RateLimiterAbstract } from 'rate-limiter-flexible'

/** Counters in PostgreSQL or Redis. */
export interface Counters {
  /** Counts per key, `points` of them in `seconds`. */
  limiter(name: string, points: number, seconds: number): RateLimiterAbstract
  /** Fails unless counters can be written now. */
  probe(): Promise<unknown>
  /** Has the next statement use another connection: the present ones do not answer. */
  reconnect(): void
  close(): Promise<unknown>
}
