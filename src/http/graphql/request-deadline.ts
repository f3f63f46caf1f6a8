import { withDeadline } from '../../concurrency/deadline.ts'
import type { Receiver } from '../receiver.ts'
import { Refusal } from '../refusal.ts'

/**
 * The time that the gateway may take for one request. Its timer, its listener and its signal begin when something waits, because
 * most requests that need no database are answered before.
 */
export class RequestDeadline implements Disposable {
  readonly #receiver: Receiver
  readonly #end = () => this.#ending?.abort()
  /** Milliseconds that were left when the clock was started or stopped. */
  #left: number
  /** Undefined while the clock stands still. */
  #startedAt: number | undefined = performance.now()
  #ending: AbortController | undefined
  #timer: NodeJS.Timeout | undefined
  #isDisposed = false

  constructor(receiver: Receiver, ms: number) {
    this.#receiver = receiver
    this.#left = ms
  }

  /** Aborted when the time is up, or when the connection closes before the response. */
  get signal(): AbortSignal {
    this.#ending ??= this.#watch(new AbortController())
    return this.#ending.signal
  }

  /** Whether the signal is aborted, or would be. */
  get isOver(): boolean {
    return this.#receiver.destroyed || this.#ending?.signal.aborted === true
  }

  /**
   * Waits for a work of the gateway, unless it is done already.
   *
   * @throws Refusal 503 if the time is up before
   */
  wait<T>(work: T | Promise<T>): T | Promise<T> {
    if (work instanceof Promise) return this.#inTime(work)
    if (this.isOver) throw outOfTime()
    return work
  }

  /** Waits for the client, for which other limits hold: the clock stands still. */
  waitForClient<T>(work: T | Promise<T>): T | Promise<T> {
    return work instanceof Promise ? this.#standingStill(work) : work
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    clearTimeout(this.#timer)
    if (this.#ending !== undefined) this.#receiver.off('close', this.#end)
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    try {
      return await withDeadline(work, { signal: this.signal })
    } catch (error) {
      // A refusal is what the work found out in time.
      throw this.isOver && !(error instanceof Refusal) ? outOfTime() : error
    }
  }

  async #standingStill<T>(work: Promise<T>): Promise<T> {
    this.#stop()
    try {
      return await work
    } finally {
      this.#start()
    }
  }

  #watch(ending: AbortController): AbortController {
    if (this.#isDisposed) return ending
    // 'close' is not emitted again for a caller that has disconnected already.
    if (this.#receiver.destroyed) ending.abort()
    else this.#receiver.on('close', this.#end)
    if (this.#startedAt !== undefined) this.#setTimer(this.#left - (performance.now() - this.#startedAt))
    return ending
  }

  #stop(): void {
    clearTimeout(this.#timer)
    if (this.#startedAt !== undefined) this.#left -= performance.now() - this.#startedAt
    this.#startedAt = undefined
  }

  #start(): void {
    this.#startedAt = performance.now()
    if (this.#ending !== undefined && !this.#isDisposed) this.#setTimer(this.#left)
  }

  #setTimer(ms: number): void {
    this.#timer = setTimeout(this.#end, ms)
  }
}

function outOfTime(): Refusal {
  return new Refusal(
    503,
    'UNAVAILABLE',
    'The gateway could not begin in time (LIMIT_OPERATION_MS). Retry in 5 seconds.',
    {
      headers: { 'retry-after': '5' },
      setting: 'LIMIT_OPERATION_MS',
    },
  )
}
