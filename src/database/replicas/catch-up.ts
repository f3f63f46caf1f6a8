import type { Sign } from './probe.ts'

/** Gateways beside this one notice a return some seconds earlier or later. */
const looksAfterReturn = 5

/**
 * Whether a standby that was away has replayed what was stored meanwhile. Until then its lists may lack what tokens of `changes` count as
 * seen, because a token begins where the standbys are that answer.
 */
export class CatchUp {
  /** Looks for which the goal follows the primary. Tokens wait for the first look, so that one is enough at the start. */
  #looks = 1
  #goal = 0n
  #replayed = 0n

  /**
   * Notes what a probe has found.
   *
   * @param end of the log of the primary; undefined if the primary is away
   * @returns why the standby must not be read yet
   */
  note(sign: Sign | string, end: bigint | undefined): string | undefined {
    const replayed = typeof sign === 'string' ? undefined : sign.position
    // One that is started anew may show an earlier state than before.
    if (typeof sign === 'string' || (replayed ?? 0n) < this.#replayed) this.#looks = looksAfterReturn
    this.#replayed = replayed ?? 0n
    if (replayed === undefined || end === undefined) return undefined
    // The log of a primary that was restored is shorter.
    if (this.#looks > 0 || end < this.#goal) this.#goal = end
    this.#looks = Math.max(0, this.#looks - 1)
    return this.#looks === 0 && replayed >= this.#goal ? undefined : notCaughtUp
  }
}

const notCaughtUp = 'it has not replayed yet what was stored while it was away'
