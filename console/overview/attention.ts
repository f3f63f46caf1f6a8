/** What an operator has to look at first, from what the overview has read. */
import { countOf, percent, spanOf } from '../parts/format.ts'
import type { Level } from '../selector/verdict.ts'

export interface Attention {
  readonly level: Exclude<Level, 'good'>
  readonly text: string
  /** The list that shows it. */
  readonly href: string | undefined
}

export interface Platform {
  readonly platform: string | null
  readonly sent: number
  readonly pending: number
  readonly successRate: number | null
}

export interface App {
  readonly appId: string
  readonly count: number
  readonly older: readonly number[]
}

/** Fewer pushes say nothing about a platform. */
const fewestPushes = 5
const lowRate = 0.9
const failingRate = 0.7
const stalePart = 0.25
const silentMs = 3_600_000
const longSilentMs = 24 * silentMs

export function ofPlatforms(platforms: readonly Platform[], span: string): readonly Attention[] {
  return platforms.flatMap(({ platform, sent, pending, successRate }) => {
    if (successRate === null || sent - pending < fewestPushes || successRate >= lowRate) return []
    const name = platform ?? ''
    return {
      level: successRate < failingRate ? 'bad' : 'unsure',
      text: `${name || 'Without a platform'}: ${percent(successRate)} of ${countOf(sent - pending, 'push', 'pushes')} answered in time.`,
      href: `/push-tests?span=${span}&outcome=unanswered&platform=${encodeURIComponent(name)}`,
    } as const
  })
}

export function ofTokens(apps: readonly App[]): readonly Attention[] {
  return apps.flatMap(({ appId, count, older: [stale = 0] }) => {
    if (count === 0 || stale / count < stalePart) return []
    return {
      level: 'unsure',
      text: `${appId}: ${stale} of ${countOf(count, 'token')} not reported for 30 days.`,
      href: `/tokens?app=${encodeURIComponent(appId)}`,
    } as const
  })
}

/** @param newest when an app last contacted SIPIS */
export function ofFreshness(newest: string | null | undefined, now: number): readonly Attention[] {
  const silence = newest == null ? 0 : now - Date.parse(newest)
  if (silence < silentMs) return []
  const text = `No app has contacted SIPIS for ${spanOf(silence)}: few use it, SIPIS does not run or write, or this is a copy.`
  return [{ level: silence < longSilentMs ? 'unsure' : 'bad', text, href: undefined }]
}

export interface ServerState {
  readonly name: string
  readonly newestSeen: string | null
  readonly process: { readonly problem: string | null } | null
}

/** Processes that do not answer, or whose instances are silent. */
export function ofServers(servers: readonly ServerState[], now: number): readonly Attention[] {
  return servers.flatMap(({ name, newestSeen, process }) => {
    if (process !== null && process.problem !== null) {
      return {
        level: 'bad',
        text: `The SIPIS process ${name} does not answer: ${process.problem}.`,
        href: undefined,
      } as const
    }
    const silence = newestSeen === null ? 0 : now - Date.parse(newestSeen)
    if (silence < longSilentMs) return []
    const text = `No app of the SIPIS process ${name} has contacted it for ${spanOf(silence)}.`
    return { level: 'unsure', text, href: undefined } as const
  })
}

export function ofGateway(reasons: Readonly<Record<string, string>>): readonly Attention[] {
  return Object.entries(reasons).map(([part, reason]) => ({
    level: 'bad',
    text: `The gateway is not ready: ${part}: ${reason}.`,
    href: undefined,
  }))
}
