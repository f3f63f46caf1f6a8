/** Clients as docs/api.md tells them to be: token first, then the lists, then `changes`, and the lists anew after a reset. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import type { Client as Gateway } from '../support/client.ts'
import { times } from '../support/counts.ts'
import { selectorNamed } from '../support/rows.ts'
import { below, chance, oneOf } from './chance.ts'
import type { History } from './history.ts'
import type { Session } from './session.ts'
import type { Held } from './tables.ts'
import { contentsOf } from './tables.ts'

/** In the full run, what is new is more at a time. */
const mostGapMs = times(2_500, 400)

/** A gateway, with a session on its server, to read the lists. */
export interface Door {
  readonly name: string
  readonly gateway: Gateway
  readonly session: Session
  readonly replica: Replica
}

/** What a gateway did with its replicas. */
export interface Replica {
  /** Probes that they have answered. */
  looks: number
  /** Other statements that they have answered. */
  reads: number
  /** Why the last one that has changed is not read. */
  problem: string | undefined
  /** How many are read. */
  usable: number
}

export interface Tally {
  pulls: number
  events: number
  begins: number
  lostAnswers: number
  failures: number
  repeats: string[]
  phantoms: string[]
  readonly resets: Record<string, number>
}

export const newTally = (): Tally => ({
  pulls: 0,
  events: 0,
  begins: 0,
  lostAnswers: 0,
  failures: 0,
  repeats: [],
  phantoms: [],
  resets: {},
})

interface Event {
  readonly __typename: string
  readonly id: string
  readonly callId?: string
  readonly messageId?: string
  readonly platform?: string
}

interface Changes {
  readonly events: readonly Event[]
  readonly gone: readonly string[]
  readonly token: string
  readonly hasMore: boolean
  readonly reset: string | null
}

const query = `query ($name: String!, $since: String, $first: Int, $held: [ID!]) {
  selector(name: $name) {
    changes(since: $since, first: $first, held: $held) {
      events { __typename id ... on Call { callId } ... on Message { messageId } ... on PushTest { platform } }
      gone token hasMore reset
    }
  }
}`

export interface Asked {
  readonly since?: string | undefined
  readonly first?: number
  readonly held?: readonly string[]
}

export async function askChanges({ gateway }: Door, number: number, asked: Asked = {}): Promise<Changes> {
  const { data, errors } = await gateway.answer(query, { name: selectorNamed(number), ...asked })
  if (errors !== undefined) throw new Error(JSON.stringify(errors))
  return data.selector.changes
}

/** What tells the version of an event from others. */
export function stampOf({ callId, messageId, platform }: Event): string {
  return callId ?? messageId ?? platform ?? ''
}

export interface ClientOptions {
  readonly name: string
  readonly history: History
  readonly version: SchemaVersion
  readonly number: number
  readonly tally: Tally
  /** Stamps of what was certainly rolled back. */
  readonly rolledBack: ReadonlySet<string>
  /** Whether it begins anew now and then, as an app that is installed again. The others show at the end what they missed at any time. */
  readonly startsAnew: boolean
}

export class Client {
  readonly #options: ClientOptions
  #token: string | undefined
  #held: Held = new Map()
  /** What was delivered since the lists were read. */
  #delivered = new Set<string>()

  constructor(options: ClientOptions) {
    this.#options = options
  }

  get held(): ReadonlyMap<string, string> {
    return this.#held
  }

  /** Ids that are not of an event of the selector. */
  get foreign(): string[] {
    const named = [...this.#held.keys()].map((id) => Buffer.from(id, 'base64url').toString())
    return named.filter((id) => !id.includes(selectorNamed(this.number)) || id.includes('orphan'))
  }

  get name(): string {
    return this.#options.name
  }

  get number(): number {
    return this.#options.number
  }

  /** Pulls with gaps, at doors drawn by chance, until it is over. */
  async run(drawDoor: () => Door, isOver: () => boolean): Promise<void> {
    const { tally } = this.#options
    while (!isOver()) {
      try {
        if (this.#options.startsAnew && chance(10)) this.#token = undefined
        const hasMore = await this.pull(drawDoor(), chance(5))
        if (!hasMore) await sleep(below(chance(10) ? mostGapMs * 3 : mostGapMs))
      } catch {
        tally.failures++
        await sleep(50)
      }
    }
  }

  /**
   * One pull.
   *
   * @param isLost the answer does not arrive, so that the next pull repeats the request
   * @returns whether more is new already
   */
  async pull(door: Door, isLost = false): Promise<boolean> {
    const { tally } = this.#options
    const held = chance(30) ? this.#draw(100) : []
    const since = this.#token
    const asked = { since, first: oneOf([1, 2, 7, 50, 100]), held }
    const changes = await askChanges(door, this.number, asked)
    tally.pulls++
    if (isLost) {
      tally.lostAnswers++
      this.#note(door, since, changes, true)
      return true
    }
    if (since === undefined || changes.reset !== null) {
      if (changes.reset !== null) tally.resets[changes.reset] = (tally.resets[changes.reset] ?? 0) + 1
      await this.#start(door, changes.token)
      this.#note(door, since, changes)
      return false
    }
    for (const event of changes.events) this.#take(event)
    for (const id of changes.gone) this.#held.delete(id)
    this.#token = changes.token
    this.#note(door, since, changes)
    return changes.hasMore
  }

  /** Asks for everything that is held whether it is gone. */
  async sweep(door: Door): Promise<void> {
    const ids = [...this.#held.keys()]
    for (let from = 0; from < ids.length; from += 100) {
      const held = ids.slice(from, from + 100)
      const asked = { since: this.#token, first: 1, held }
      const changes = await askChanges(door, this.number, asked)
      for (const id of changes.gone) this.#held.delete(id)
      this.#note(door, asked.since, changes)
    }
  }

  /** Reads the lists after the token was given, as a client has to. */
  async #start({ session }: Door, token: string): Promise<void> {
    this.#held = await contentsOf(session, this.#options.version, this.#options.number)
    this.#delivered = new Set()
    this.#token = token
    this.#options.tally.begins++
  }

  #take(event: Event): void {
    const { tally, rolledBack } = this.#options
    const { id } = event
    const stamp = stampOf(event)
    tally.events++
    const version = `${id} ${stamp}`
    if (this.#delivered.has(version)) tally.repeats.push(stamp)
    this.#delivered.add(version)
    if (rolledBack.has(stamp.slice(0, stamp.lastIndexOf('.')))) tally.phantoms.push(stamp)
    this.#held.set(id, stamp)
  }

  #note(door: Door, since: string | undefined, changes: Changes, isLost = false): void {
    const { events, gone, token, reset } = changes
    const isBegin = !isLost && (since === undefined || reset !== null)
    const listed = isBegin ? [...this.#held.values()] : []
    this.#options.history.took(this.name, this.number, {
      door: door.name,
      since,
      token,
      events: events.map(stampOf),
      gone,
      reset,
      isLost,
      listed,
    })
  }

  #draw(count: number): string[] {
    const ids = [...this.#held.keys()]
    const from = below(Math.max(1, ids.length - count))
    return ids.slice(from, from + count)
  }
}
