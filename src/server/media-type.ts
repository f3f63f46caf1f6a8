import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import Negotiator from 'negotiator'
import { Refusal } from './refusal.ts'

export type MediaType = 'application/json' | 'application/graphql-response+json' | 'text/html'

/** In the order of preference where the caller has none. */
const json = ['application/json', 'application/graphql-response+json'] as const

/** There are few kinds of clients, and each says the same with every request. */
const known = new LRUCache<string, MediaType>({ max: 50 })

/** What the caller wants of an answer; `html` says whether a page can be had. */
export function mediaTypeOf(headers: IncomingHttpHeaders, html: boolean): MediaType {
  const asked = `${html} ${headers.accept ?? '*/*'}`
  const found = known.get(asked) ?? negotiate(headers, html)
  known.set(asked, found)
  return found
}

function negotiate(headers: IncomingHttpHeaders, html: boolean): MediaType {
  const offered: MediaType[] = html ? [...json, 'text/html'] : [...json]
  // Everything here is UTF-8; negotiation would take the parameter for another type.
  const accept = headers.accept?.replaceAll(/;\s*charset="?utf-?8"?/gi, '')
  const negotiator = new Negotiator({ headers: accept === undefined ? {} : { accept } })
  const [wanted] = negotiator.mediaTypes(offered)
  const found = offered.find((type) => type === wanted)
  if (found !== undefined) return found
  throw new Refusal(406, 'BAD_USER_INPUT', `Answers are ${json.join(' or ')}: name one of them in the header Accept.`)
}
