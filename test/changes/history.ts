/** What happened during a run, to explain a row that a client misses. */
import type { Position } from '../../src/live/position.ts'
import { createTokens } from '../../src/live/tokens.ts'
import { selectorNamed } from '../support/rows.ts'

/** Of the gateways' tokens. */
export const secret = 'a secret of the test'

/** An answer that a client has got, or lists that it has read. */
interface Step {
  readonly door: string
  readonly since: string | undefined
  readonly token: string
  readonly events: readonly string[]
  readonly gone: readonly string[]
  readonly reset: string | null
  readonly isLost: boolean
  /** Stamps of the lists. */
  readonly listed: readonly string[]
}

/** A row that a client holds in another version than the tables, or not at all. */
export interface Wrong {
  readonly id: string
  readonly stamp: string
  readonly xid: bigint
}

export class History {
  readonly #started = performance.now()
  readonly #notes: { readonly at: number; readonly text: string }[] = []
  readonly #steps: { readonly at: number; readonly client: string; readonly number: number; readonly step: Step }[] = []
  readonly #tokens = createTokens({ secrets: [secret] })

  /** What a writer or the operator did. */
  note(text: string): void {
    this.#notes.push({ at: this.#now(), text })
  }

  took(client: string, number: number, step: Step): void {
    this.#steps.push({ at: this.#now(), client, number, step })
  }

  /** What is known about a row and its transaction, in the order of time. */
  explain(client: string, wrong: Wrong): string {
    const steps = this.#steps.filter((one) => one.client === client)
    const ofClient = steps.flatMap(({ at, number, step }) => {
      const [before, after] = [step.since, step.token].map((token) => this.#open(token, number))
      if (!concerns(step, before, after, wrong)) return []
      return [{ at, text: described(step, before, after, wrong) }]
    })
    const transaction = wrong.stamp.slice(0, wrong.stamp.lastIndexOf('.'))
    const notes = this.#notes.filter(({ text }) => !text.startsWith('w') || text.split(' ').includes(transaction))
    return [...ofClient, ...notes]
      .toSorted((one, other) => one.at - other.at)
      .map(({ at, text }) => `${at.toString().padStart(7)} ms ${text}`)
      .join('\n')
  }

  #now(): number {
    return Math.round(performance.now() - this.#started)
  }

  #open(token: string | undefined, number: number): Position | undefined {
    return token === undefined ? undefined : this.#tokens.open(token, `selector ${selectorNamed(number)}`)
  }
}

/** Whether it delivers the row, counts it as delivered, or moves the mark past its transaction. */
function concerns(step: Step, before: Position | undefined, after: Position | undefined, wrong: Wrong): boolean {
  const isNamed = [...step.events, ...step.listed].includes(wrong.stamp) || step.gone.includes(wrong.id)
  const isBegin = before === undefined || step.reset !== null
  const isPassed = before !== undefined && after !== undefined && before.mark <= wrong.xid && after.mark > wrong.xid
  const isNear = after !== undefined && after.mark <= wrong.xid && wrong.xid - after.mark < 200n
  return isNamed || isBegin || isPassed || isNear || seenOf(before, wrong) !== seenOf(after, wrong)
}

function described(step: Step, before: Position | undefined, after: Position | undefined, wrong: Wrong): string {
  const { door, events, gone, listed, reset, isLost } = step
  const parts = [
    `at ${door}: ${positionText(before, wrong)} -> ${positionText(after, wrong)}`,
    events.length === 0 ? '' : `events ${events.length}${events.includes(wrong.stamp) ? ' with the row' : ''}`,
    gone.length === 0 ? '' : `gone ${gone.length}${gone.includes(wrong.id) ? ' with the row' : ''}`,
    before === undefined || reset !== null
      ? `lists ${listed.length}${listed.includes(wrong.stamp) ? ' with the row' : ' without it'}`
      : '',
    reset === null ? '' : `reset ${reset}`,
    isLost ? 'answer lost' : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function positionText(position: Position | undefined, wrong: Wrong): string {
  if (position === undefined) return 'no token'
  const { mark, seen, pending, timeline } = position
  const ofRow = seenOf(position, wrong)
  const waiting = pending === undefined ? '' : ` pending ${pending.xid} at ${pending.lsn} after ${pending.checkpoint}`
  return `mark ${mark} seen ${seen.length}${ofRow === 0 ? '' : `, of its transaction ${ofRow}`}${waiting} timeline ${timeline}`
}

function seenOf(position: Position | undefined, { xid }: Wrong): number {
  return position?.seen.filter((one) => one.xid === xid).length ?? 0
}
