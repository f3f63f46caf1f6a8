/**
 * What the stored facts say about whether calls reach a device. They do not say whether it is registered now: that the database does
 * not know.
 */
import { ageOf, countOf, latencyOf } from '../parts/format.ts'

export type Level = 'good' | 'unsure' | 'bad'

export interface Finding {
  readonly level: Level
  readonly text: string
}

export interface Verdict {
  readonly level: Level
  readonly title: string
  readonly findings: readonly Finding[]
}

export interface StoredTest {
  readonly started: string
  readonly concluded: string | null
  readonly latencyMs: number | null
}

export interface Facts {
  readonly lastSeen: string | null
  /** When each token was last reported; null if that is not recorded. */
  readonly tokens: readonly (string | null)[]
  /** The last push tests, newest first. */
  readonly tests: readonly StoredTest[]
}

/** A push that is answered later is a missed call all the same: callers hang up. */
export const inTimeMs = 15_000
const dayMs = 86_400_000
const staleMs = 30 * dayMs
/** An older test says little about now. */
const oldTestMs = 7 * dayMs

export function verdictOf(facts: Facts, now: number): Verdict {
  const findings = [tokenFinding(facts, now), testFinding(facts, now), seenFinding(facts, now)]
  const level = worst(findings.slice(0, 2))
  return { level, title: titleOf(facts, findings), findings }
}

/** The push path is what a call needs; when the device was seen only supports it. */
function titleOf(facts: Facts, [token, test]: readonly Finding[]): string {
  if (facts.tokens.length === 0) return 'No push can be sent'
  if (test?.level === 'bad') return 'Pushes do not arrive'
  if (facts.tests.length === 0) return 'No push was tested'
  if (test?.level === 'unsure') return 'Pushes are slow, not all arrive, or the last test is old'
  return token?.level === 'good' ? 'Pushes arrived in time' : 'Pushes arrived in time, but the tokens are old'
}

function tokenFinding({ tokens }: Facts, now: number): Finding {
  if (tokens.length === 0) return { level: 'bad', text: 'No token is stored now, so SIPIS cannot wake the device.' }
  const count = `${countOf(tokens.length, 'token')} ${tokens.length === 1 ? 'is' : 'are'} stored`
  const [newest] = tokens
    .filter((time) => time !== null)
    .sort()
    .reverse()
  if (newest === undefined) return { level: 'unsure', text: `${count}; when the device reported them is not recorded.` }
  const isStale = now - Date.parse(newest) > staleMs
  const text = `${count}; the device last reported one ${ageOf(newest, now)}.`
  return { level: isStale ? 'unsure' : 'good', text }
}

function testFinding({ tests }: Facts, now: number): Finding {
  const [newest] = tests
  if (newest === undefined) return { level: 'unsure', text: 'No push test is stored.' }
  const decided = tests.filter((test) => !isPending(test, now))
  const [last] = decided
  if (last === undefined) return { level: 'unsure', text: `A push test was sent ${ageOf(newest.started, now)}.` }
  const unanswered = decided.findIndex(({ concluded }) => concluded !== null)
  if (unanswered === 0) return answeredFinding(last, decided, now)
  const answered = decided[unanswered]
  const sent = ageOf(last.started, now)
  if (answered === undefined) {
    const text = `None of the last ${countOf(decided.length, 'push test')} was answered, the newest of ${sent}.`
    return { level: 'bad', text }
  }
  const text = `The last ${countOf(unanswered, 'push test')} had no answer, the newest of ${sent}; the one before was answered.`
  return { level: unanswered > 1 ? 'bad' : 'unsure', text }
}

function answeredFinding(last: StoredTest, tests: readonly StoredTest[], now: number): Finding {
  const { latencyMs } = last
  const took = latencyMs === null ? '' : ` in ${latencyOf(latencyMs)}`
  const text = `The last push test was answered ${ageOf(last.started, now)}${took}`
  if (latencyMs !== null && latencyMs > inTimeMs) {
    return { level: 'unsure', text: `${text}, too late for a call: callers wait about ${latencyOf(inTimeMs)}.` }
  }
  const answered = tests.filter(({ concluded }) => concluded !== null).length
  if (answered === tests.length) {
    const isOld = now - Date.parse(last.started) > oldTestMs
    return isOld
      ? { level: 'unsure', text: `${text}, which says little about now.` }
      : { level: 'good', text: `${text}.` }
  }
  return { level: 'unsure', text: `${text}; of the last ${tests.length}, ${answered} were answered.` }
}

function seenFinding({ lastSeen }: Facts, now: number): Finding {
  if (lastSeen === null) return { level: 'unsure', text: 'When the app last contacted SIPIS is not known.' }
  const isStale = now - Date.parse(lastSeen) > staleMs
  return { level: isStale ? 'unsure' : 'good', text: `The app last contacted SIPIS ${ageOf(lastSeen, now)}.` }
}

/** A push that was just sent may still be answered. */
export function isPending({ started, concluded }: StoredTest, now: number): boolean {
  return concluded === null && now - Date.parse(started) < inTimeMs
}

function worst(findings: readonly Finding[]): Level {
  const levels = findings.map(({ level }) => level)
  return (['bad', 'unsure', 'good'] as const).find((level) => levels.includes(level)) ?? 'unsure'
}
