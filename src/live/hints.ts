import { setTimeout as sleep } from 'node:timers/promises'
import type { Heard } from '../database/database.ts'
import type { ChangesReader, RowVersion, Sight } from '../loaders/changes.ts'
import { bounds, eventKinds } from '../loaders/changes.ts'
import { advance } from './advance.ts'
import type { Position } from './position.ts'
import { seenOf, startAt, unseen } from './position.ts'

/**
 * Wakes subscriptions when something of theirs may have changed. Hints only save work: a subscription that is woken reads what is new
 * by its own token, and one that is not woken looks by itself now and then.
 */
export interface Hints extends AsyncDisposable {
  /**
   * Calls `wake` when rows of this selector change.
   *
   * @param key key of the selector; undefined for any
   * @returns a function that ends it
   */
  follow(key: string | undefined, wake: () => void): () => void
  /** After a change of the schema, keys are others. */
  wakeAll(): void
}

export interface HintTimes {
  /** Between looks at the rows that are dated to the last minutes. */
  readonly tickMs: number
  /** Between looks at all rows. */
  readonly sweepMs: number
}

const defaultTimes: HintTimes = { tickMs: 1_000, sweepMs: 30_000 }
/** A look waits for so many times what the last one took, so that it takes a twentieth of a processor at most. */
const restFactor = 20

export interface HintOptions {
  readonly times?: HintTimes | undefined
  /** Listens to what triggers tell; undefined where there are none. */
  readonly listen?: Listen | undefined
}

/** Looks at the database only while something is followed. One look serves all that follow. */
export function createHints(
  reader: () => ChangesReader,
  { times = defaultTimes, listen = async () => undefined }: HintOptions = {},
): Hints {
  const followers = new Followers()
  const ending = new AbortController()
  let polling: Promise<void> | undefined
  const poll = async () => {
    const poller = new Poller(reader, followers, times)
    const ear = new Ear(listen, followers)
    while (followers.size > 0 && !ending.signal.aborted) {
      await ear.open()
      const rest = await poller.look()
      // Aborted at the end.
      await sleep(rest, undefined, { signal: ending.signal }).catch(() => undefined)
    }
    polling = undefined
    ear.close()
  }
  return {
    follow(key, wake) {
      const leave = followers.add(key, wake)
      polling ??= poll()
      return leave
    },
    wakeAll: () => followers.wakeAll(),
    async [Symbol.asyncDispose]() {
      ending.abort()
      await polling
    },
  }
}

type Wake = () => void

/** Who is woken by which key. */
class Followers {
  readonly #ofKeys = new Map<string | undefined, Set<Wake>>()
  size = 0

  add(key: string | undefined, wake: Wake): () => void {
    const ofKey = this.#ofKeys.get(key) ?? new Set()
    this.#ofKeys.set(key, ofKey.add(wake))
    this.size++
    return () => {
      if (!ofKey.delete(wake)) return
      this.size--
      if (ofKey.size === 0 && this.#ofKeys.get(key) === ofKey) this.#ofKeys.delete(key)
    }
  }

  wake(keys: ReadonlySet<string>): void {
    if (keys.size === 0) return
    for (const key of [undefined, ...keys]) for (const wake of this.#ofKeys.get(key) ?? []) wake()
  }

  wakeAll(): void {
    for (const ofKey of this.#ofKeys.values()) for (const wake of ofKey) wake()
  }
}

export type Listen = (heard: Heard) => Promise<(() => void) | undefined>

/** Between two attempts to listen: triggers may be installed at any time. */
const listenMs = 30_000

/** What triggers tell. What is lost while nothing listens, a look finds. */
class Ear {
  readonly #listen: Listen
  readonly #followers: Followers
  #end: (() => void) | undefined
  #triedAt = Number.NEGATIVE_INFINITY

  constructor(listen: Listen, followers: Followers) {
    this.#listen = listen
    this.#followers = followers
  }

  async open(): Promise<void> {
    if (this.#end !== undefined || performance.now() - this.#triedAt < listenMs) return
    this.#triedAt = performance.now()
    const heard: Heard = {
      onNotify: (key) => this.#followers.wake(new Set([key])),
      onLost: () => {
        this.#end = undefined
      },
    }
    // A look is enough where listening fails.
    this.#end = await this.#listen(heard).catch(() => undefined)
    // Something may have happened before it listened.
    if (this.#end !== undefined) this.#followers.wakeAll()
  }

  close(): void {
    this.#end?.()
    this.#end = undefined
  }
}

class Poller {
  readonly #reader: () => ChangesReader
  readonly #followers: Followers
  readonly #times: HintTimes
  #position: Position | undefined
  #isStandby: boolean | undefined
  #sweepAt = 0

  constructor(reader: () => ChangesReader, followers: Followers, times: HintTimes) {
    this.#reader = reader
    this.#followers = followers
    this.#times = times
  }

  /** Looks once, and returns the milliseconds to rest. A look that fails is made again. */
  async look(): Promise<number> {
    const start = performance.now()
    const isSweep = start >= this.#sweepAt
    try {
      await (isSweep ? this.#sweep() : this.#tick())
    } catch {
      // The database is away or slow: subscriptions notice by themselves.
      return Math.max(this.#times.tickMs, 1_000)
    }
    const took = performance.now() - start
    if (isSweep) this.#sweepAt = performance.now() + Math.max(this.#times.sweepMs, restFactor * took)
    return isSweep ? this.#times.tickMs : Math.max(this.#times.tickMs, restFactor * took)
  }

  async #sweep(): Promise<void> {
    const position = this.#position
    const sight = await this.#reader().ofAll(eventKinds, position?.mark ?? null)
    // A standby that stands in for its primary may lack what the last hints were about.
    const isOtherServer = sight.isStandby !== this.#isStandby
    this.#isStandby = sight.isStandby
    if (position === undefined || isOtherServer) return this.#begin(sight)
    const step = advance(position, sight, { first: Number.POSITIVE_INFINITY, ...bounds.ofAll })
    if (step.reset !== null) return this.#begin(await this.#reader().ofAll(eventKinds, null))
    this.#position = step.position
    this.#wake(step.versions)
  }

  #begin(sight: Sight): void {
    this.#position = startAt(sight, bounds.ofAll.mostSeen)
    this.#followers.wakeAll()
  }

  #wake(versions: readonly RowVersion[]): void {
    this.#followers.wake(new Set(versions.map(({ owner }) => owner)))
  }

  /** What it finds counts as seen, so that the next sweep does not wake for it again. */
  async #tick(): Promise<void> {
    const position = this.#position
    if (position === undefined) return
    const { versions } = await this.#reader().recent(position.mark)
    const fresh = unseen(versions, position.seen)
    this.#position = { ...position, seen: [...position.seen, ...fresh.map(seenOf)].slice(-bounds.ofAll.mostSeen) }
    this.#wake(fresh)
  }
}
