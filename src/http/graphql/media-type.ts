import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import Negotiator from 'negotiator'
import { Refusal } from '../refusal.ts'

/** Server-Sent Events, for subscriptions. */
export const streamType = 'text/event-stream'

export type JsonType = 'application/json' | 'application/graphql-response+json'
export type MediaType = JsonType | 'text/html' | typeof streamType

/** In the order of preference if the caller has none. */
const json = ['application/json', 'application/graphql-response+json'] as const

/**
 * What a request without Accept receives, as the GraphQL-over-HTTP specification says since 2025. A caller that accepts any type,
 * as curl and fetch do, has no preference and receives application/json.
 */
const withoutAccept: JsonType = 'application/graphql-response+json'

/** Cached, because clients send the same Accept header with every request. Null if nothing available is acceptable. */
const known = new LRUCache<string, { type: MediaType | null }, Preferences>({
  max: 50,
  memoMethod: (_, __, { context }) => ({ type: negotiate(context) }),
})

interface Preferences {
  readonly accept: string | undefined
  /** Whether text/html is available. */
  readonly html: boolean
}

/**
 * Negotiates the media type of the response.
 *
 * @param html whether text/html is available
 * @throws Refusal 406 if no available type is acceptable
 */
export function mediaTypeOf({ accept }: IncomingHttpHeaders, html: boolean): MediaType {
  const type = find({ accept, html })
  if (type !== null) return type
  throw new Refusal(
    406,
    'BAD_USER_INPUT',
    `Available media types are ${json.join(' and ')}, and ${streamType} for a stream. Send one of them in the Accept header.`,
  )
}

/** Whether the caller is a browser that shows a page. */
export function prefersPage({ accept }: IncomingHttpHeaders): boolean {
  return find({ accept, html: true }) === 'text/html'
}

/** The media type of a refusal: what the caller accepts, or application/json if it accepts neither JSON type. */
export function refusalTypeOf({ accept }: IncomingHttpHeaders): JsonType {
  const type = find({ accept, html: false })
  return type === 'application/graphql-response+json' ? type : 'application/json'
}

function find(preferences: Preferences): MediaType | null {
  const { accept, html } = preferences
  return known.memo(`${html} ${accept ?? ''}`, { context: preferences }).type
}

function negotiate({ accept: header, html }: Preferences): MediaType | null {
  // An empty header is treated as a missing one.
  if (header === undefined || header.trim() === '') return withoutAccept
  const offered: MediaType[] = html ? [...json, streamType, 'text/html'] : [...json, streamType]
  // All responses are UTF-8; the negotiator would treat the parameter as a different type.
  const accept = header.replaceAll(/;\s*charset="?utf-?8"?/gi, '')
  const [wanted] = new Negotiator({ headers: { accept } }).mediaTypes(offered)
  return offered.find((type) => type === wanted) ?? null
}
