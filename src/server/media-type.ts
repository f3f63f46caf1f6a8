import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import Negotiator from 'negotiator'
import { Refusal } from './refusal.ts'

export type MediaType = 'application/json' | 'application/graphql-response+json' | 'text/html'

/** In the order of preference where the caller has none. */
const json = ['application/json', 'application/graphql-response+json'] as const

/** There are few kinds of clients, and each says the same with every request. */
const known = new LRUCache<string, MediaType, Asked>({
  max: 50,
  memoMethod: (_, __, { context }) => negotiate(context),
})

interface Asked {
  readonly accept: string | undefined
  /** Whether a page can be had. */
  readonly html: boolean
}

/** What the caller wants of an answer; `html` says whether a page can be had. */
export function mediaTypeOf({ accept }: IncomingHttpHeaders, html: boolean): MediaType {
  return known.memo(`${html} ${accept ?? '*/*'}`, { context: { accept, html } })
}

function negotiate({ accept: asked, html }: Asked): MediaType {
  const offered: MediaType[] = html ? [...json, 'text/html'] : [...json]
  // Everything here is UTF-8; negotiation would take the parameter for another type.
  const accept = asked?.replaceAll(/;\s*charset="?utf-?8"?/gi, '')
  const negotiator = new Negotiator({ headers: accept === undefined ? {} : { accept } })
  const [wanted] = negotiator.mediaTypes(offered)
  const found = offered.find((type) => type === wanted)
  if (found !== undefined) return found
  throw new Refusal(406, 'BAD_USER_INPUT', `Answers are ${json.join(' or ')}: name one of them in the header Accept.`)
}
