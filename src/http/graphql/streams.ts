/** The streams of subscriptions, whatever transport frames their results. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionResult } from 'graphql'
import type { Principal } from '../../auth/principal.ts'
import type { Limits } from '../../config/limits-interface.ts'
import { codedError } from '../../errors/coded-error.ts'
import { DatabaseError, isPassing as isPassingFailure } from '../../errors/database-error.ts'
import type { LiveSource } from '../../live/source.ts'
import type { Observe } from '../../telemetry/observation.ts'
import { codesOf } from '../operations/audit.ts'
import { Refusal } from '../refusal.ts'
import { createCallerCounts } from '../traffic/caller-counts.ts'

/** How a stream is served after its first result. */
export interface StreamWork {
  readonly source: LiveSource
  readonly principal: Principal
  readonly first: ExecutionResult
  /** Identifies the caller anew. @throws Refusal if the credential is no longer good */
  readonly identify: () => Promise<Principal>
  /** Charges a result to the caller. @throws Refusal 429 if its allowance is used up */
  readonly charge: (principal: Principal) => unknown
  /** The next result; undefined if nothing is new. @throws DatabaseError or Refusal if it has to be tried again */
  readonly pull: (principal: Principal, signal: AbortSignal) => Promise<ExecutionResult | undefined>
  /** Called once, with the codes of the errors that the stream ends with. */
  readonly onEnd: (codes: readonly string[]) => void
}

/** A result to send, or a sign that the connection has to be kept open. */
export type StreamEvent = ExecutionResult | 'heartbeat'

export interface Streams {
  /** @throws Refusal 429 if the caller has too many streams, 503 if there are too many or the gateway stops */
  enter(principal: Principal): Place
  /** Ends all streams, and says so. */
  drain(): void
}

/** A place among the streams. The caller leaves it when the response has closed, also if the stream never began. */
export interface Place {
  /** The results of a stream, also the error that it ends with. Ended by `signal`. */
  events(work: StreamWork, signal: AbortSignal): AsyncGenerator<StreamEvent>
  leave(): void
}

export interface StreamTimes {
  /** Between signs that keep a connection open. */
  readonly heartbeatMs: number
  /** Between two checks of a credential, and between two pulls that no hint has asked for. */
  readonly identifyMs: number
  readonly lookMs: number
}

const defaultTimes: StreamTimes = { heartbeatMs: 15_000, identifyMs: 30_000, lookMs: 600_000 }
/** What cannot be read now is tried again. */
const retrySeconds = 1
/** Clients come back within so many seconds after the gateway has stopped, not all at once. */
const comeBackSeconds = 10

export function createStreams(
  { streams, streamsPerCaller }: Pick<Limits, 'streams' | 'streamsPerCaller'>,
  observe: Observe,
  times: StreamTimes = defaultTimes,
): Streams {
  const stopping = new AbortController()
  const places = createCallerCounts((open) => observe({ kind: 'streamsChanged', open }))
  return {
    enter({ id }) {
      if (stopping.signal.aborted) throw stopped()
      const own = places.of(id)
      if (own >= streamsPerCaller) throw tooMany(own, streamsPerCaller)
      if (places.total >= streams) throw full()
      places.add(id, 1)
      let isIn = true
      return {
        events: (work, signal) => eventsOf(work, { times, signal, stopping: stopping.signal, observe }),
        leave() {
          if (isIn) places.add(id, -1)
          isIn = false
        },
      }
    },
    drain: () => stopping.abort(),
  }
}

interface Surroundings {
  readonly times: StreamTimes
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  readonly stopping: AbortSignal
  readonly observe: Observe
}

async function* eventsOf(work: StreamWork, surroundings: Surroundings): AsyncGenerator<StreamEvent> {
  const { stopping, observe } = surroundings
  let last: ExecutionResult = work.first
  try {
    yield last
    for await (const event of eventsAfterFirst(work, surroundings)) {
      if (event !== 'heartbeat') last = event
      yield event
    }
    if (!stopping.aborted) return
    last = { errors: stopped().errors }
    yield last
  } catch (error) {
    if (!(error instanceof Refusal)) observe({ kind: 'requestFailed', error })
    last = { errors: error instanceof Refusal ? error.errors : [failed()] }
    yield last
  } finally {
    work.onEnd(codesOf(last))
  }
}

/**
 * What follows the first result. Ends with the stream, or after a result that has no data.
 *
 * @throws Refusal 401 if the credential is no longer good
 */
async function* eventsAfterFirst(
  work: StreamWork,
  { times, signal, stopping }: Surroundings,
): AsyncGenerator<StreamEvent> {
  const ended = AbortSignal.any([signal, stopping])
  const [mayIdentify, mayLook] = [every(times.identifyMs), every(times.lookMs)]
  let { principal } = work
  for (;;) {
    const sign = await signOf(work.source, times.heartbeatMs, ended)
    if (sign === 'ended') return
    if (mayIdentify(sign)) principal = await work.identify()
    if (sign === 'heartbeat') yield sign
    if (!mayLook(sign)) continue
    const result = await untilDone(ended, () => work.pull(principal, ended))
    if (result === undefined) continue
    // A result that was pulled is never pulled again, so it waits for the allowance.
    await untilDone(ended, () => work.charge(principal))
    yield result
    if (result.data == null) return
  }
}

/** Whether something is due: at each change, and when so much time has passed. */
function every(ms: number): (sign: Sign) => boolean {
  let last = performance.now()
  return (sign) => {
    const now = performance.now()
    if (sign !== 'changed' && now - last <= ms) return false
    last = now
    return true
  }
}

type Sign = 'changed' | 'heartbeat' | 'ended'

function signOf(source: LiveSource, ms: number, ended: AbortSignal): Promise<Sign> {
  return new Promise((resolve) => {
    const settle = (sign: Sign) => {
      clearTimeout(timer)
      ended.removeEventListener('abort', end)
      resolve(sign)
    }
    const end = () => settle('ended')
    const timer = setTimeout(settle, ms, 'heartbeat')
    ended.addEventListener('abort', end, { once: true })
    if (ended.aborted) end()
    source.whenChanged(() => settle('changed'))
  })
}

function isPassing(error: unknown): boolean {
  return error instanceof Refusal || (error instanceof DatabaseError && isPassingFailure(error))
}

function failed() {
  return codedError(
    'INTERNAL',
    'The gateway failed unexpectedly. Subscribe again with the last token; the log contains the cause.',
  )
}

/** A database that is away, or an allowance that is used up, delays a stream and does not end it. Undefined if the stream ends. */
async function untilDone<T>(ended: AbortSignal, work: () => T | Promise<T>): Promise<T | undefined> {
  for (let tries = 1; !ended.aborted; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error)) throw error
      const seconds = error instanceof Refusal ? Number(error.headers['retry-after'] ?? 1) : retrySeconds
      const wait = 1_000 * Math.min(60, seconds * tries) * (0.5 + Math.random())
      // Aborted at the end.
      await sleep(wait, undefined, { signal: ended }).catch(() => undefined)
    }
  }
  return undefined
}

function stopped(): Refusal {
  const seconds = 1 + Math.floor(Math.random() * comeBackSeconds)
  return new Refusal(503, 'UNAVAILABLE', 'The gateway stops. Subscribe again with the last token.', {
    headers: { 'retry-after': String(seconds) },
  })
}

function tooMany(own: number, limit: number): Refusal {
  return new Refusal(
    429,
    'RATE_LIMITED',
    `You have ${own} streams open (LIMIT_STREAMS_PER_CALLER). End one of them first.`,
    { headers: { 'retry-after': '5' }, setting: 'LIMIT_STREAMS_PER_CALLER', limit },
  )
}

function full(): Refusal {
  return new Refusal(503, 'UNAVAILABLE', 'Too many streams are open (LIMIT_STREAMS). Retry in a few seconds.', {
    headers: { 'retry-after': '5' },
    setting: 'LIMIT_STREAMS',
  })
}
