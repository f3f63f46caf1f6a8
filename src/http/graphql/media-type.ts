import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import Negotiator from 'negotiator'
import { Refusal } from '../refusal.ts'

export type MediaType = 'application/json' | 'application/graphql-response+json' | 'text/html'

/** In the order of preference if the caller has none. */
const json = ['application/json', 'application/graphql-response+json'] as const

/** Cached, because clients send the same Accept header with every request. */
const known = new LRUCache<string, MediaType, Preferences>({
  max: 50,
  memoMethod: (_, __, { context }) => negotiate(context),
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
  return known.memo(`${html} ${accept ?? '*/*'}`, { context: { accept, html } })
}

function negotiate({ accept: header, html }: Preferences): MediaType {
  const offered: MediaType[] = html ? [...json, 'text/html'] : [...json]
  // All responses are UTF-8; the negotiator would treat the parameter as a different type.
  const accept = header?.replaceAll(/;\s*charset="?utf-?8"?/gi, '')
  const negotiator = new Negotiator({ headers: accept === undefined ? {} : { accept } })
  const [wanted] = negotiator.mediaTypes(offered)
  const found = offered.find((type) => type === wanted)
  if (found !== undefined) return found
  throw new Refusal(
    406,
    'BAD_USER_INPUT',
    `Available media types are ${json.join(' and ')}. Send one of them in the Accept header.`,
  )
}
