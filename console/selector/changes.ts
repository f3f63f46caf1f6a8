/** Follows a selector by the subscription `changes`, over Server-Sent Events: fetch, because an EventSource sends no credential. */
import type { SelectorChangesSubscription } from '../client/documents.ts'
import { SelectorChangesDocument } from '../client/documents.ts'
import { eventsOf } from '../parts/server-sent-events.ts'
import { endpoint, headersOf } from '../session/client.ts'
import type { LiveState } from './use-changes.ts'

interface Followed {
  readonly selector: string
  /** The token of an earlier answer; undefined to begin now. */
  readonly since: string | undefined
  readonly credential: string | undefined
  readonly signal: AbortSignal
}

export interface ChangesListener {
  onState(state: LiveState): void
  /** @param hasNews whether something was stored or deleted since the token before */
  onToken(token: string, hasNews: boolean): void
}

/** Generated documents have an id alone, which urql's type does not show. */
const { documentId } = SelectorChangesDocument as { documentId?: string }
const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** Codes that trying again does not change. */
const lasting: Readonly<Record<string, LiveState>> = {
  NOT_SUPPORTED: 'unsupported',
  FORBIDDEN: 'off',
  UNAUTHENTICATED: 'off',
}

interface Result {
  readonly data?: SelectorChangesSubscription | null
  readonly errors?: readonly { readonly extensions?: { readonly code?: string; readonly retryAfterSeconds?: number } }[]
}

/** Connects again, with the last token, until the signal is aborted or the gateway says that it is of no use. */
export async function followChanges(followed: Followed, listener: ChangesListener): Promise<void> {
  let { since } = followed
  let pauseMs = firstPauseMs
  while (!followed.signal.aborted) {
    listener.onState('connecting')
    const end = await followOnce({ ...followed, since }, listener)
    if (end.state !== undefined) return listener.onState(end.state)
    since = end.since
    pauseMs = end.pauseMs ?? Math.min(pauseMs * 2, longestPauseMs)
    await pause(pauseMs, followed.signal)
  }
}

/** How a connection ended, and how to go on. */
interface End {
  readonly since: string | undefined
  /** Undefined if the connection gave nothing. */
  readonly pauseMs: number | undefined
  /** The state that stays; undefined to connect again. */
  readonly state: LiveState | undefined
}

async function followOnce(followed: Followed, listener: ChangesListener): Promise<End> {
  let end: End = { since: followed.since, pauseMs: undefined, state: undefined }
  for await (const { data, errors } of resultsOf(followed)) {
    const { code = '', retryAfterSeconds } = errors?.[0]?.extensions ?? {}
    if (data != null) {
      tell(data.changes, listener)
      end = { since: data.changes.token, pauseMs: firstPauseMs, state: undefined }
    }
    if (retryAfterSeconds !== undefined) end = { ...end, pauseMs: retryAfterSeconds * 1_000 }
    // A token that the gateway refuses is not worth to be kept.
    if (code === 'BAD_USER_INPUT') end = { ...end, since: undefined }
    if (code in lasting) end = { ...end, state: lasting[code] }
  }
  return end
}

function tell({ token, events, gone, reset }: SelectorChangesSubscription['changes'], listener: ChangesListener): void {
  listener.onState('live')
  listener.onToken(token, events.length > 0 || gone.length > 0 || reset !== null)
}

/** The results of one connection. Ends when it breaks. */
async function* resultsOf({ selector, since, credential, signal }: Followed): AsyncGenerator<Result> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      credentials: 'omit',
      signal,
      headers: {
        ...headersOf(credential),
        accept: 'text/event-stream, application/graphql-response+json',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        documentId,
        variables: { selector, since },
      }),
    })
    if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
      yield await response.json()
      return
    }
    if (response.body === null) return
    for await (const { event, data } of eventsOf(response.body)) {
      if (event === 'next') yield JSON.parse(data)
    }
  } catch {
    // A connection that breaks is made again.
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
