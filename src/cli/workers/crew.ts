/** Starts workers, and starts those again that end by themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createWorkerMetrics } from '../../telemetry/metrics/workers.ts'
import type { Observe } from '../../telemetry/observation.ts'
import { createTotals } from '../../telemetry/totals.ts'
import type { Ending, Member, MemberOptions } from './member.ts'
import { startMember } from './member.ts'
import type { Serving } from './messages.ts'

export interface CrewOptions extends Pick<MemberOptions, 'environment' | 'onLine'> {
  readonly size: number
  readonly observe: Observe
}

/** Milliseconds before a worker is started again. They double with each end that follows soon. */
const pauses = { firstMs: 100, mostMs: 10_000 }
/** A worker that has answered for so long is not one that always ends. */
const calmMs = 60_000
/** The metrics of the process that starts the workers, among those of the workers. */
const ownMetrics = 0

export class Crew {
  readonly #options: CrewOptions
  readonly #members = new Set<Member>()
  readonly #totals = createTotals()
  readonly #metrics = createWorkerMetrics(() => this.#answering.length)
  readonly #stopping = new AbortController()
  #isStarted = false

  constructor(options: CrewOptions) {
    this.#options = options
  }

  /**
   * Starts the first worker, which finds what is wrong with settings and database, and then the others.
   *
   * @returns undefined if one ends before it accepts requests
   */
  async start(): Promise<Serving | undefined> {
    const serving = await this.#keep(1)
    if (serving === undefined || this.#stopping.signal.aborted) return undefined
    const numbers = Array.from({ length: this.#options.size - 1 }, (_, n) => n + 2)
    const others = await Promise.all(numbers.map((number) => this.#keep(number)))
    if (others.includes(undefined)) return undefined
    this.#isStarted = true
    return serving
  }

  /**
   * Has each worker answer its requests and end. Workers that do not accept requests yet end at once.
   *
   * @returns whether all that accepted requests ended as they should
   */
  async stop(signal: NodeJS.Signals): Promise<boolean> {
    this.#stopping.abort()
    const running = [...this.#members]
    for (const member of running) {
      if (member.readySince === undefined) member.kill('SIGTERM')
      else member.send({ kind: 'stop', signal })
    }
    const ends = await Promise.all(
      running.map(({ readySince, ended }) => ended.then((end) => ({ ...end, readySince }))),
    )
    return ends.every(({ code, readySince }) => code === 0 || readySince === undefined)
  }

  reopenFiles(): void {
    for (const member of this.#answering) member.send({ kind: 'reopenFiles' })
  }

  /** Ends all workers at once. */
  kill(): void {
    for (const member of this.#members) member.kill('SIGKILL')
  }

  /** The metrics of all workers, added up. One of them counts what they say of SIPIS. */
  async printMetrics(): Promise<string> {
    const asked = this.#answering.map(async (member, n) => {
      const counts = n === 0
      const values = await member.metricValues(counts)
      if (values !== undefined && this.#members.has(member)) this.#totals.set(member.pid, values, counts)
    })
    await Promise.all(asked)
    this.#totals.set(ownMetrics, await this.#metrics.values(), true)
    return this.#totals.print()
  }

  get #answering(): Member[] {
    const answering = [...this.#members].filter(({ readySince }) => readySince !== undefined)
    return answering.sort((one, other) => one.number - other.number)
  }

  /** Keeps a worker of this number running. Resolves when the first one is ready, or has ended. */
  #keep(number: number): Promise<Serving | undefined> {
    const first = this.#start(number)
    void this.#replace(first)
    return first.ready
  }

  #start(number: number): Member {
    const { environment, onLine } = this.#options
    const joins = this.#answering.length > 0
    const member = startMember({ number, joins, environment, onLine, printMetrics: () => this.printMetrics() })
    this.#members.add(member)
    return member
  }

  async #replace(first: Member): Promise<void> {
    const { signal } = this.#stopping
    let failures = 0
    for (let member = first; ; member = this.#start(first.number)) {
      const ending = await member.ended
      this.#members.delete(member)
      this.#totals.end(member.pid)
      if (!this.#isStarted || signal.aborted) return
      failures = isCalm(member, ending) ? 1 : failures + 1
      const pauseMs = Math.min(pauses.firstMs * 2 ** (failures - 1), pauses.mostMs)
      this.#metrics.ended()
      this.#options.observe({ kind: 'warning', message: sentenceOf(member, ending, pauseMs) })
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
    }
  }
}

/** Whether it has answered for long, or was asked to end. */
function isCalm({ readySince }: Member, { code }: Ending): boolean {
  return readySince !== undefined && (code === 0 || performance.now() - readySince > calmMs)
}

function sentenceOf({ number }: Member, { code, signal }: Ending, pauseMs: number): string {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  return `Worker ${number} ended ${how}; it is started again in ${pauseMs / 1_000} s`
}
