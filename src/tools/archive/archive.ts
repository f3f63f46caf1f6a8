/** Keeps what SIPIS deletes: writes what the feed of changes shows into a database of its own, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectProblem } from '../../database/connect-problem.ts'
import { DatabaseError } from '../../errors/database-error.ts'
import { Problem } from '../../errors/problem.ts'
import { SideError } from '../copy/databases/session.ts'
import { Keeper } from './keeper.ts'
import type { ArchiveOptions, ArchiveProgress } from './options.ts'
import type { Source } from './source.ts'
import { identityOf, openSource } from './source.ts'
import type { Target } from './target.ts'
import { archiveRunning, openTarget } from './target.ts'
import { prepareTransfer } from './transfer.ts'

const defaultPaceMs = 250
const expireEveryMs = 60_000
const retryMs = { least: 250, most: 10_000 }

/**
 * Runs until the signal is aborted. Once both databases were there, it waits for one that is lost.
 *
 * @throws Problem if a database cannot be used, is not an archive or no source, or another archiver writes into it
 */
export async function archive(options: ArchiveOptions, progress: ArchiveProgress, signal: AbortSignal): Promise<void> {
  const run = new Run(options, progress, signal)
  while (!signal.aborted) {
    try {
      await run.once()
    } catch (error) {
      if (signal.aborted) return
      await run.recover(error)
    }
  }
}

class Run {
  readonly #options: ArchiveOptions
  readonly #progress: ArchiveProgress
  readonly #signal: AbortSignal
  #isBegun = false
  /** The failure that was reported last. */
  #reported: string | undefined
  #retryMs = retryMs.least

  constructor(options: ArchiveOptions, progress: ArchiveProgress, signal: AbortSignal) {
    this.#options = options
    this.#progress = progress
    this.#signal = signal
  }

  /** Opens both databases, and follows what changes until one is lost or the signal is aborted. */
  async once(): Promise<void> {
    const { source, target, paceMs = defaultPaceMs } = this.#options
    // First, so that nothing is created for a source that cannot be used.
    await using from = await openSource(source, this.#signal)
    await using to = await openTarget(target, !this.#isBegun, this.#signal)
    await refuseSame(from, to)
    const say = (line: string) => this.#progress.say(line)
    const transfer = await prepareTransfer(from.detected, to, { ...this.#options, say })
    await using keeper = await Keeper.open(from, to, transfer, {
      ...this.#options,
      paceMs,
      say,
      signal: this.#signal,
    })
    this.#isBegun = true
    await this.#follow(keeper)
  }

  /** Waits before the next attempt. Says once what is wrong. */
  async recover(error: unknown): Promise<void> {
    const problem = this.#problemOf(error)
    const { kind, message } = problem
    if (!this.#isBegun || kind === archiveRunning) throw problem
    const where = error instanceof SideError ? error.side : kind
    if (this.#reported !== where) this.#progress.say(`${message} Trying again until it works.`)
    this.#reported = where
    await rest(this.#retryMs, this.#signal)
    this.#retryMs = Math.min(retryMs.most, 2 * this.#retryMs)
  }

  #problemOf(error: unknown): Problem {
    const { source, target } = this.#options
    if (error instanceof Problem) return error
    if (!(error instanceof DatabaseError)) throw error
    const isTarget = error instanceof SideError && error.side === 'target'
    return connectProblem(isTarget ? target.label : source.label, error)
  }

  async #follow(keeper: Keeper): Promise<void> {
    let expireAt = Number.NEGATIVE_INFINITY
    while (!this.#signal.aborted) {
      const restMs = await keeper.look()
      this.#progress.update(keeper.facts)
      const until = performance.now() + restMs
      if (performance.now() >= expireAt && !(await keeper.expire())) expireAt = performance.now() + expireEveryMs
      // At least a part, or reading all rows would not end while looks take long.
      while (!this.#signal.aborted && (await keeper.readOn()) && performance.now() < until);
      this.#worked()
      await rest(until - performance.now(), this.#signal)
    }
  }

  #worked(): void {
    if (this.#reported !== undefined) this.#progress.say('Both databases answer again; the archive goes on.')
    this.#reported = undefined
    this.#retryMs = retryMs.least
  }
}

/** Ends early when the signal is aborted. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** A database that is its own archive would keep nothing. */
async function refuseSame(source: Source, target: Target): Promise<void> {
  if ((await identityOf(source.session)) !== (await identityOf(target.session))) return
  throw new Problem(
    `${target.session.label} is the source itself. Name a database of its own for the archive.`,
    'SAME_DATABASE',
  )
}
