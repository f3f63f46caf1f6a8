import { createFresh } from '../../concurrency/fresh.ts'
import type { Answer } from '../answer.ts'
import { json } from '../answer.ts'

/** Something that has to work before a gateway can answer requests. */
export interface Check {
  readonly name: string
  /**
   * Looks whether it works.
   *
   * @returns why not, without secrets: the answer is public; undefined if it works
   */
  check(): Promise<string | undefined>
  /** What the last check found, for the answer. Public, so without secrets. */
  facts?(): Readonly<Record<string, unknown>>
}

export interface Readiness {
  /** Answers 200 if every check finds its part working, and 503 with the reasons otherwise. */
  answer(): Promise<Answer>
  /** From now on the answer is 503, because the gateway is about to stop. */
  drain(): void
}

/** A probe has to be answered within a second, whatever hangs. */
const answerMs = 700
/** The endpoint is public, so that checks run at most once in this time. */
const freshMs = 1_000

type Reasons = readonly (readonly [name: string, reason: string])[]

export function createReadiness(checks: readonly Check[]): Readiness {
  let isDraining = false
  const look = createFresh<Reasons>(freshMs, async () => (await Promise.all(checks.map(reasonOf))).flat())
  return {
    async answer() {
      const reasons = isDraining ? [['gateway', 'it is stopping'] as const] : await look()
      const facts = Object.assign({}, ...checks.map((check) => check.facts?.() ?? {}))
      if (reasons.length === 0) return json(200, { status: 'ok', ...facts })
      const answer = { status: 'unavailable', reasons: Object.fromEntries(reasons), ...facts }
      return json(503, answer, { 'retry-after': '5' })
    },
    drain() {
      isDraining = true
    },
  }
}

async function reasonOf({ name, check }: Check): Promise<Reasons> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${answerMs} ms`), answerMs)
  })
  try {
    const reason = await Promise.race([check(), late])
    return reason === undefined ? [] : [[name, reason]]
  } catch (error) {
    // The message may hold what the operator alone should read.
    return [[name, `the check failed: ${error instanceof Error ? error.name : 'unknown'}`]]
  } finally {
    clearTimeout(timer)
  }
}
