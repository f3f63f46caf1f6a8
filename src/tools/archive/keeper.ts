import type { ResetReason } from '../../live/advance.ts'
import { startAt } from '../../live/position.ts'
import type { EventKind } from '../../loaders/changes.ts'
import { bounds } from '../../loaders/changes.ts'
import type { Looked } from './look.ts'
import { lookAtAll, lookAtRecent } from './look.ts'
import type { ArchiveFacts, ArchiveOptions } from './options.ts'
import { expire } from './retention.ts'
import type { Place, Source, WholeReading } from './source.ts'
import { beginReading, readWhole } from './source.ts'
import type { State } from './state.ts'
import { momentOf, readState, writeState } from './state.ts'
import type { Target } from './target.ts'
import type { Tally, Transfer } from './transfer.ts'

/** The state is written with rows, and without any as often as this. */
const saveEveryMs = 5_000
/** The time from one look to the next is so many times as long as the statement of the first took. */
const restFactor = 4

export interface KeeperOptions extends ArchiveOptions {
  readonly paceMs: number
  readonly source: ArchiveOptions['source']
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** When a look began: what was committed before it is in its snapshot. */
interface Since {
  readonly at: number
  /** By the clock of the archive. */
  readonly moment: string
}

/** Keeps an archive up to date over one connection to each database. It is thrown away as soon as one is lost. */
export class Keeper implements AsyncDisposable {
  readonly #source: Source
  readonly #target: Target
  readonly #transfer: Transfer
  readonly #options: KeeperOptions
  #state: State
  #caughtUpAt: number
  #savedAt = Number.NEGATIVE_INFINITY
  #fullAt = Number.NEGATIVE_INFINITY
  #readAgainAt = Number.NEGATIVE_INFINITY
  #whole: { readonly reading: WholeReading; readonly before: string; readonly begunAt: number } | undefined

  static async open(source: Source, target: Target, transfer: Transfer, options: KeeperOptions): Promise<Keeper> {
    const { state, lagMs } = await readState(target.session)
    return new Keeper(source, target, transfer, options, state, performance.now() - lagMs)
  }

  private constructor(
    source: Source,
    target: Target,
    transfer: Transfer,
    options: KeeperOptions,
    state: State,
    caughtUpAt: number,
  ) {
    this.#source = source
    this.#target = target
    this.#transfer = transfer
    this.#options = options
    this.#state = state
    this.#caughtUpAt = caughtUpAt
  }

  get facts(): ArchiveFacts {
    const { written, rejected, expired, isReadingAll } = this.#state
    return { written, rejected, expired, isReadingAll, lagMs: performance.now() - this.#caughtUpAt }
  }

  /**
   * Writes what is new.
   *
   * @returns how long to rest; not at all if there is more, or if it has taken long
   */
  async look(): Promise<number> {
    const { position, isReadingAll } = this.#state
    if (position === undefined || (isReadingAll && this.#whole === undefined)) await this.#readAll(null)
    const since = { at: performance.now(), moment: await momentOf(this.#target.session) }
    const looked = await this.#inSnapshot(async () => {
      const found = await this.#see()
      await this.#keep(found, since)
      return found
    })
    if (looked.reset !== null) return this.#reset(looked.reset)
    if (looked.hasMore) return 0
    const { paceMs } = this.#options
    const nextMs = Math.max(paceMs, restFactor * looked.tookMs)
    if (looked.isFull) this.#fullAt = since.at + nextMs
    return since.at + (looked.isFull ? paceMs : nextMs) - performance.now()
  }

  /** Reads a part of all rows, if that is to be done. Returns whether there is more. */
  async readOn(): Promise<boolean> {
    if (this.#whole === undefined) return false
    const { reading, before, begunAt } = this.#whole
    const places = await reading.next()
    await this.#write(async (tally) => {
      for (const [kind, ctids] of byKind(places)) {
        await this.#transfer.store(reading.session, kind, ctids, tally, before)
      }
      return { isReadingAll: places.length > 0 }
    })
    if (places.length > 0) return true
    this.#readAgainAt = 2 * performance.now() - begunAt
    // The next look tells that everything is there.
    this.#savedAt = Number.NEGATIVE_INFINITY
    await this.#endReading()
    this.#options.say('All rows of the source are in the archive; from now on it follows what changes.')
    return false
  }

  /** Deletes what is too old. Returns whether there is more. */
  async expire(): Promise<boolean> {
    const { keepDays } = this.#options
    if (keepDays === undefined) return false
    let isMore = false
    await this.#write(async () => {
      const deleted = await expire(this.#target, keepDays)
      isMore = deleted.isMore
      return { expired: this.#state.expired + BigInt(deleted.rows) }
    })
    return isMore
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endReading()
  }

  async #endReading(): Promise<void> {
    await this.#whole?.reading[Symbol.asyncDispose]()
    this.#whole = undefined
  }

  async #see(): Promise<Looked> {
    const { position } = this.#state
    if (position === undefined) throw new Error('There is no position.')
    const recent = performance.now() < this.#fullAt ? await lookAtRecent(this.#source, position) : undefined
    return recent ?? (await lookAtAll(this.#source, position))
  }

  async #keep({ reset, versions, position, hasMore, isFull }: Looked, since: Since): Promise<void> {
    if (reset !== null) return
    const isCaughtUp = isFull && !hasMore && !this.#state.isReadingAll
    const isDue = versions.length > 0 || performance.now() - this.#savedAt > saveEveryMs
    if (isDue) {
      const store = async (tally: Tally) => {
        for (const [kind, ctids] of byKind(versions)) {
          await this.#transfer.store(this.#source.session, kind, ctids, tally)
        }
        return { position }
      }
      await this.#write(store, isCaughtUp ? since.moment : undefined)
    } else this.#state = { ...this.#state, position }
    if (isCaughtUp) this.#caughtUpAt = since.at
  }

  /**
   * A transaction that stays open for long, with many rows above it, leads to the same reset again and again: all rows are read to the
   * end each time, and rest as long as that has taken.
   */
  async #reset(reason: ResetReason): Promise<number> {
    const isAgain = reason === 'TOO_MUCH' && (this.#whole !== undefined || performance.now() < this.#readAgainAt)
    if (isAgain) return this.#options.paceMs
    await this.#readAll(reason)
    return 0
  }

  /** Begins to read all rows, at first and after a reset. The position is that of the same snapshot. */
  async #readAll(reset: string | null): Promise<void> {
    await this.#endReading()
    const { source, say, signal } = this.#options
    const { position, resets } = this.#state
    const reading = await readWhole(source, signal)
    const begun = reset !== null || position === undefined
    say(
      reset === null
        ? 'Reading all rows of the source, and what changes meanwhile.'
        : `The feed of changes was reset (${reset}): reading all rows of the source anew. What SIPIS has deleted meanwhile may be missing.`,
    )
    const [[before] = []] = await this.#target.session.query('SELECT greatest(txid_current() & 4294967295, 3)')
    this.#whole = { reading, before: String(before), begunAt: performance.now() }
    await this.#write(async () => ({
      isReadingAll: true,
      ...(begun ? { position: startAt(reading.sight, bounds.ofAll.mostSeen) } : {}),
      ...(reset === null ? {} : { resets: resets + 1n, lastReset: reset }),
    }))
  }

  async #inSnapshot<T>(work: () => Promise<T>): Promise<T> {
    const { session } = this.#source
    await session.query(beginReading)
    const done = await work()
    await session.query('COMMIT')
    return done
  }

  /** Writes rows and the state in one transaction. If it fails, the connections are thrown away, and the state with them. */
  async #write(work: (tally: Tally) => Promise<Partial<State>>, caughtUpAt?: string): Promise<void> {
    const { session } = this.#target
    const tally = { written: 0, rejected: 0 }
    await session.query('BEGIN')
    const change = await work(tally)
    const state = {
      ...this.#state,
      ...change,
      written: this.#state.written + BigInt(tally.written),
      rejected: this.#state.rejected + BigInt(tally.rejected),
    }
    await writeState(session, state, this.#options.source.label, caughtUpAt)
    await session.query('COMMIT')
    this.#state = state
    this.#savedAt = performance.now()
  }
}

function byKind(places: readonly Place[]): Map<EventKind, string[]> {
  const groups = Map.groupBy(places, ({ kind }) => kind)
  return new Map([...groups].map(([kind, all]) => [kind, all.map(({ ctid }) => ctid)]))
}
