import { BadInput } from '../loaders/bad-input.ts'
import type { EventKind } from '../loaders/changes.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { Hints } from './hints.ts'
import type { Feed, Pulled } from './pull.ts'
import { feedOfAll, feedOfSelector, pull } from './pull.ts'
import type { Tokens } from './tokens.ts'

/** What a pull needs. Loaders cache, so each pull has its own. */
export interface PullContext {
  readonly loaders: Loaders
  readonly changeTokens: Tokens
}

/** Undefined if the selector does not exist, or may not be read. */
type FindFeed = (loaders: Loaders) => Promise<Feed | undefined>

interface Start {
  readonly since: string | null
  readonly first: number
}

/**
 * The source of a subscription: a pull in a loop. It is woken by hints, and holds no events: its token is the buffer, so a client that
 * reads slowly costs one page.
 */
export class LiveSource implements AsyncIterable<LiveSource> {
  readonly #find: FindFeed
  readonly #hints: Hints
  readonly #first: number
  #since: string | null
  #isBegun = false
  #hasMore = false
  #outcome: { readonly pulled: Pulled } | { readonly error: unknown } | undefined
  #followed: { readonly key: string | undefined; readonly leave: () => void } | undefined
  #isWoken = false
  #onWake: (() => void) | undefined

  constructor(find: FindFeed, hints: Hints, { since, first }: Start) {
    this.#find = find
    this.#hints = hints
    this.#since = since
    this.#first = first
  }

  /**
   * Pulls once. What it finds, or the error, is what `take` gives.
   *
   * @returns whether there is something to tell: the first pull, events or a reset
   */
  async pull({ loaders, changeTokens }: PullContext): Promise<boolean> {
    // Later hints count for the next pull.
    this.#isWoken = false
    const feed = await this.#find(loaders)
    if (feed === undefined) {
      // A selector that is gone may come back.
      if (this.#isBegun) return false
      throw unknownSelector
    }
    this.#follow(feed.owner?.key)
    const pulled = await pull(loaders, changeTokens, feed, { since: this.#since, first: this.#first })
    const isFirst = !this.#isBegun
    this.#isBegun = true
    this.#since = pulled.token
    this.#hasMore = pulled.hasMore
    this.#outcome = { pulled }
    return isFirst || pulled.versions.length > 0 || pulled.reset !== null
  }

  /** Has `take` throw. */
  fail(error: unknown): void {
    this.#outcome = { error }
  }

  /** @throws what the pull has thrown */
  take(): Pulled {
    if (this.#outcome === undefined) throw new Error('Nothing was pulled.')
    if ('error' in this.#outcome) throw this.#outcome.error
    return this.#outcome.pulled
  }

  /** Calls `wake` as soon as something may be new. There is one who waits: another one replaces it. */
  whenChanged(wake: () => void): void {
    this.#onWake = wake
    if (this.#hasMore || this.#isWoken) wake()
  }

  close(): void {
    this.#onWake = undefined
    this.#followed?.leave()
    this.#followed = undefined
  }

  // graphql-js asks for an iterable; the loop is that of the stream, which gives each pull a context of its own.
  // biome-ignore lint/correctness/useYield: nothing is iterated.
  async *[Symbol.asyncIterator](): AsyncGenerator<LiveSource> {
    throw new Error('A source is pulled.')
  }

  /** Before the pull, so that no hint is lost. The key of a selector changes if it is deleted and made again. */
  #follow(key: string | undefined): void {
    if (this.#followed !== undefined && this.#followed.key === key) return
    this.#followed?.leave()
    const wake = () => {
      this.#isWoken = true
      this.#onWake?.()
    }
    this.#followed = { key, leave: this.#hints.follow(key, wake) }
  }
}

const unknownSelector = new BadInput('There is no such selector, or you may not read it.', ['selector'])

export function sourceOfSelector(name: string, hints: Hints, start: Start): LiveSource {
  const find: FindFeed = async (loaders) => {
    const owner = await loaders.selectors.byName(name)
    return owner === null ? undefined : feedOfSelector(loaders, owner)
  }
  return new LiveSource(find, hints, start)
}

export function sourceOfAll(kinds: readonly EventKind[], hints: Hints, start: Start): LiveSource {
  return new LiveSource(async (loaders) => feedOfAll(loaders, kinds), hints, start)
}
